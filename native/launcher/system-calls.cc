#include "launcher/system-calls.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sallyport::launcher {

namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr unsigned kArchitecture = 0;
#endif

constexpr unsigned kDenied[] = {
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_kexec_load,
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_swapon,
    SYS_swapoff,
    SYS_reboot,
    SYS_acct,
    SYS_quotactl,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_unshare,
    SYS_setns,
    SYS_open_by_handle_at,
    425,  // io_uring_setup, whose calls no filter sees
    438,  // pidfd_getfd
    428,  // open_tree
    429,  // move_mount
    430,  // fsopen
    442,  // mount_setattr
};

/// Of sockets that may be made: the network, and what lists its interfaces. Not AF_UNIX: other
/// programs' sockets, the operator's among them, lie where files do but Landlock lets them be.
constexpr unsigned kFamilies[] = {AF_INET, AF_INET6, AF_NETLINK};

sock_filter step(unsigned code, unsigned operand) {
  return {static_cast<std::uint16_t>(code), 0, 0, operand};
}

sock_filter jump(unsigned code, unsigned operand, std::size_t whenTrue, std::size_t whenFalse) {
  return {static_cast<std::uint16_t>(code), static_cast<std::uint8_t>(whenTrue),
          static_cast<std::uint8_t>(whenFalse), operand};
}

}  // namespace

bool denySystemCalls() {
  if (kArchitecture == 0) return false;
  constexpr unsigned load = BPF_LD | BPF_W | BPF_ABS;
  constexpr unsigned equal = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr std::size_t count = std::size(kDenied);
  constexpr std::size_t families = std::size(kFamilies);
  // How many steps stand between the last denied call and the last two steps: allow, deny.
  constexpr std::size_t ofSockets = 2 + families;
  std::vector<sock_filter> program;
  program.push_back(step(load, offsetof(seccomp_data, arch)));
  program.push_back(jump(equal, kArchitecture, 1, 0));
  program.push_back(step(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  program.push_back(step(load, offsetof(seccomp_data, nr)));
  // The x32 calls of an x86-64 kernel have this bit, and numbers of their own.
  program.push_back(jump(BPF_JMP | BPF_JGE | BPF_K, 0x4000'0000, count + ofSockets + 1, 0));
  for (std::size_t i = 0; i < count; ++i) {
    program.push_back(jump(equal, kDenied[i], count - 1 - i + ofSockets + 1, 0));
  }
  program.push_back(jump(equal, SYS_socket, 0, 1 + families));
  // The least octets first, as on both processors; the kernel reads no more of it.
  program.push_back(step(load, offsetof(seccomp_data, args)));
  for (std::size_t i = 0; i < families; ++i) {
    const bool isLast = i + 1 == families;
    program.push_back(jump(equal, kFamilies[i], families - 1 - i, isLast ? 1 : 0));
  }
  program.push_back(step(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  program.push_back(step(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

}  // namespace sallyport::launcher
