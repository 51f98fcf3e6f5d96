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

constexpr unsigned kAllow = SECCOMP_RET_ALLOW;
constexpr unsigned kRefuse = SECCOMP_RET_ERRNO | EPERM;

/// A filter's program, of steps that each end it or lead to the next.
class Program {
 public:
  void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, offset); }
  void end(unsigned verdict) { add(BPF_RET | BPF_K, verdict); }

  /// Ends with `verdict` where what was loaded compares so with `operand`.
  void endIf(unsigned comparison, unsigned operand, unsigned verdict) {
    add(BPF_JMP | comparison | BPF_K, operand, 0, 1);
    end(verdict);
  }
  void endUnlessEqual(unsigned operand, unsigned verdict) {
    add(BPF_JMP | BPF_JEQ | BPF_K, operand, 1, 0);
    end(verdict);
  }

  bool install() {
    const sock_fprog filter{static_cast<unsigned short>(steps_.size()), steps_.data()};
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
  }

 private:
  void add(unsigned code, std::size_t operand, std::uint8_t skippedIfTrue = 0,
           std::uint8_t skippedIfFalse = 0) {
    steps_.push_back({static_cast<std::uint16_t>(code), skippedIfTrue, skippedIfFalse,
                      static_cast<std::uint32_t>(operand)});
  }

  std::vector<sock_filter> steps_;
};

}  // namespace

bool denySystemCalls() {
  if (kArchitecture == 0) return false;
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.endUnlessEqual(kArchitecture, kRefuse);
  program.load(offsetof(seccomp_data, nr));
  // The x32 calls of an x86-64 kernel have this bit, and numbers of their own.
  program.endIf(BPF_JGE, 0x4000'0000, kRefuse);
  for (const unsigned denied : kDenied) program.endIf(BPF_JEQ, denied, kRefuse);
  program.endUnlessEqual(SYS_socket, kAllow);
  // The least octets first, as on both processors; the kernel reads no more of it.
  program.load(offsetof(seccomp_data, args));
  for (const unsigned family : kFamilies) program.endIf(BPF_JEQ, family, kAllow);
  program.end(kRefuse);
  return program.install();
}

}  // namespace sallyport::launcher
