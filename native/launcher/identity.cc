#include "launcher/identity.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace sallyport::launcher {

namespace {

constexpr int kNetBindService = CAP_NET_BIND_SERVICE;
static_assert(kNetBindService < 32);

using Capabilities = std::array<__user_cap_data_struct, 2>;

bool readCapabilities(Capabilities& held) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capget, &header, held.data()) == 0;
}

/// All of them go but those of `kept`, which survive the exec as ambient ones.
bool reduceCapabilities(std::uint32_t kept) {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    const bool stays = capability < 32 && (kept >> capability & 1) != 0;
    // Needs CAP_SETPCAP: who has not got it has nothing to lose either.
    if (!stays) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  Capabilities reduced{};
  reduced[0].effective = reduced[0].permitted = reduced[0].inheritable = kept;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  if (::syscall(SYS_capset, &header, reduced.data()) != 0) return false;
  return kept == 0 || ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kNetBindService, 0, 0) == 0;
}

}  // namespace

bool takeIdentity(const Arguments& arguments) {
  Capabilities held{};
  if (!readCapabilities(held)) return false;
  const std::uint32_t kept =
      arguments.mayBindPrivilegedPorts ? held[0].permitted & 1u << kNetBindService : 0;
  // Before the privilege for it goes: all memory may be locked.
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  ::setrlimit(RLIMIT_MEMLOCK, &unlimited);
  if (arguments.user || arguments.group) {
    const uid_t user = arguments.user.value_or(::getuid());
    const gid_t group = arguments.group.value_or(::getgid());
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || ::setgroups(0, nullptr) != 0 ||
        ::setresgid(group, group, group) != 0 || ::setresuid(user, user, user) != 0) {
      return false;
    }
    // KEEPCAPS leaves them permitted but not in effect.
    if (!readCapabilities(held)) return false;
    held[0].effective = held[0].permitted;
    held[1].effective = held[1].permitted;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    if (::syscall(SYS_capset, &header, held.data()) != 0) return false;
  }
  if (!reduceCapabilities(kept)) return false;
  if (arguments.user && *arguments.user != 0 && ::setuid(0) == 0) {
    errno = EPERM;
    return false;
  }
  return true;
}

}  // namespace sallyport::launcher
