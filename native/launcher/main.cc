// Makes of itself a process with less: an identity, no way to more privileges, few paths, fewer
// system calls, an end with its parent. Then it becomes the program that it was given. Node has
// threads before any JavaScript runs, and most of this holds for one thread and its children: hence
// a program that has one thread.
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "launcher/arguments.h"
#include "launcher/identity.h"
#include "launcher/landlock.h"
#include "launcher/system-calls.h"

namespace {

/// Exit code where the process could not be made what it should be.
constexpr int kFailed = 71;

int failed(const char* what) {
  std::fprintf(stderr, "sallyport-launcher: %s: %s\n", what, std::strerror(errno));
  return kFailed;
}

}  // namespace

int main(int count, char** texts) {
  using namespace sallyport::launcher;
  const auto arguments = parseArguments(count, texts);
  if (!arguments) {
    std::fputs("sallyport-launcher: Expected arguments as agreed.\n", stderr);
    return kFailed;
  }

  ::umask(077);
  if (arguments->firstClosed) {
    // Left to the program where the kernel has no such call: what we open is closed on exec.
    ::syscall(436 /* close_range */, *arguments->firstClosed, ~0u, 0);
  }
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return failed("RLIMIT_CORE");
  if (!takeIdentity(*arguments)) return failed("identity");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no-new-privileges");
  int landlock = 0;
  if (arguments->isConfined) {
    landlock = confineWithLandlock(*arguments);
    if (landlock < 0) return failed("Landlock");
  }
  const bool hasFilter = denySystemCalls();
  // After the identity, whose change would take it back.
  if (::prctl(PR_SET_PDEATHSIG, arguments->parentDeathSignal, 0, 0, 0) != 0) {
    return failed("parent's death signal");
  }
  if (arguments->parent && ::getppid() != *arguments->parent) return kFailed;

  const std::string report = "landlock=" + std::to_string(landlock) +
                             " seccomp=" + std::to_string(static_cast<int>(hasFilter));
  ::setenv("SALLYPORT_CONFINEMENT", report.c_str(), 1);
  ::execv(arguments->command[0], arguments->command);
  return failed(arguments->command[0]);
}
