// The launcher's command line, and what its rules leave to a process.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "launcher/arguments.h"
#include "launcher/identity.h"
#include "launcher/landlock.h"
#include "launcher/system-calls.h"
#include "test/story.h"

namespace sallyport::launcher {

namespace {

using test::expect;
using test::Story;

/// A command line that lives as long as this.
class CommandLine {
 public:
  explicit CommandLine(std::vector<std::string> texts) : texts_(std::move(texts)) {
    texts_.insert(texts_.begin(), "sallyport-launcher");
    for (std::string& text : texts_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
  }

  std::optional<Arguments> parse() {
    return parseArguments(static_cast<int>(texts_.size()), pointers_.data());
  }

  char** from(std::size_t index) { return pointers_.data() + index; }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

const Story everyArgument("every argument is read, paths in their order", [] {
  CommandLine line({"--user",
                    "65531",
                    "--group",
                    "65532",
                    "--parent",
                    "17",
                    "--parent-death-signal",
                    "15",
                    "--close-from",
                    "6",
                    "--privileged-ports",
                    "--confine",
                    "--readable",
                    "/a",
                    "--readable",
                    "/b c",
                    "--executable",
                    "/node",
                    "--writable",
                    "/dev/null",
                    "--",
                    "/node",
                    "script",
                    "--user"});
  const auto parsed = line.parse();
  expect(parsed.has_value());
  if (!parsed) return;
  expect(parsed->user == 65531u && parsed->group == 65532u && parsed->parent == 17);
  expect(parsed->parentDeathSignal == 15 && parsed->firstClosed == 6u);
  expect(parsed->mayBindPrivilegedPorts && parsed->isConfined);
  expect(parsed->readable == std::vector<std::string>({"/a", "/b c"}));
  expect(parsed->executable == std::vector<std::string>({"/node"}));
  expect(parsed->writable == std::vector<std::string>({"/dev/null"}));
  // What comes after the dashes is the program's, whatever it looks like.
  expect(parsed->command != nullptr && std::string(parsed->command[0]) == "/node" &&
         std::string(parsed->command[2]) == "--user" && parsed->command[3] == nullptr);
});

const Story leastArguments("without arguments nothing is changed but what always is", [] {
  CommandLine line({"--", "/node"});
  const auto parsed = line.parse();
  expect(parsed.has_value());
  if (!parsed) return;
  expect(!parsed->user && !parsed->group && !parsed->parent && !parsed->firstClosed);
  expect(parsed->parentDeathSignal == 9);
  expect(!parsed->mayBindPrivilegedPorts && !parsed->isConfined && parsed->readable.empty());
});

const Story badArguments("what is not as agreed is refused as a whole", [] {
  const std::vector<std::vector<std::string>> lines{
      {},
      {"--"},
      {"/node"},
      {"--confine"},
      {"--confine", "--"},
      {"--user"},
      {"--user", "1"},
      {"--user", "--", "/node"},
      {"--user", "", "--", "/node"},
      {"--user", "-1", "--", "/node"},
      {"--user", "+1", "--", "/node"},
      {"--user", " 1", "--", "/node"},
      {"--user", "1 ", "--", "/node"},
      {"--user", "0x1", "--", "/node"},
      {"--user", "1.0", "--", "/node"},
      {"--user", "root", "--", "/node"},
      // The greatest number stands for "no change" in setresuid.
      {"--user", "4294967295", "--", "/node"},
      {"--group", "4294967295", "--", "/node"},
      {"--user", "4294967296", "--", "/node"},
      {"--user", "99999999999999999999", "--", "/node"},
      {"--parent", "me", "--", "/node"},
      {"--parent-death-signal", "TERM", "--", "/node"},
      {"--close-from", "all", "--", "/node"},
      {"--readable"},
      {"--colour", "red", "--", "/node"},
      {"--Confine", "--", "/node"},
      {"--confine=1", "--", "/node"},
      {"", "", "--", "/node"},
  };
  for (const auto& texts : lines) {
    CommandLine line(texts);
    expect(!line.parse());
  }
  CommandLine last({"--user", "4294967294", "--", "/node"});
  const auto parsed = last.parse();
  expect(parsed.has_value() && parsed->user == 4294967294u);
});

const Story anyArguments("any words in any order are read or refused, never read past", [] {
  const std::vector<std::string> words{
      "--user", "--group", "--parent", "--confine", "--readable",   "--writable", "--",
      "/node",  "1",       "-1",       "",          "--close-from", "x"};
  std::mt19937 random(4);
  for (int round = 0; round < 50'000; ++round) {
    std::vector<std::string> texts;
    const std::size_t count = random() % 9;
    for (std::size_t i = 0; i < count; ++i) {
      texts.push_back(words[random() % words.size()]);
    }
    CommandLine line(texts);
    const auto parsed = line.parse();
    if (parsed) expect(parsed->command != nullptr && parsed->command[0] != nullptr);
  }
});

/// What a process of its own says of itself as its exit code: 0 where all holds, else which did
/// not.
int inProcess(const std::function<int()>& act) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(act());
  int status = 0;
  expect(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool isRefused(long outcome) { return outcome == -1 && errno == EPERM; }

const Story deniedCalls("denied system calls are refused, the others are not", [] {
  const int outcome = inProcess([] {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 1;
    if (!denySystemCalls()) return 2;
    if (!isRefused(::syscall(SYS_ptrace, 0, 0, 0, 0))) return 3;
    if (!isRefused(::syscall(SYS_process_vm_readv, ::getpid(), nullptr, 0, nullptr, 0, 0)))
      return 4;
    if (!isRefused(::syscall(SYS_unshare, 0))) return 5;
    if (!isRefused(::syscall(SYS_bpf, 0, nullptr, 0))) return 6;
    if (!isRefused(::syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0))) return 7;
    if (!isRefused(::syscall(438 /* pidfd_getfd */, 0, 0, 0))) return 8;
    if (!isRefused(::syscall(425 /* io_uring_setup */, 1, nullptr))) return 9;
    if (!isRefused(::syscall(SYS_keyctl, 0, 0, 0, 0, 0))) return 10;
    for (const int family : {AF_UNIX, AF_PACKET, AF_ALG, AF_VSOCK, AF_KEY, AF_BLUETOOTH}) {
      if (!isRefused(::socket(family, SOCK_STREAM, 0))) return 20 + family;
      if (!isRefused(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0))) return 20 + family;
    }
    if (::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) < 0) return 11;
    if (::socket(AF_INET, SOCK_STREAM, 0) < 0) return 12;
    if (::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) < 0) return 13;
    // Where there is no IPv6 it is another refusal.
    if (isRefused(::socket(AF_INET6, SOCK_DGRAM, 0))) return 14;
    // The family is an int: what stands above its 32 bits changes nothing.
    if (!isRefused(::syscall(SYS_socket, 0x1'0000'0001, SOCK_STREAM, 0))) return 15;
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 16;
    if (::getppid() <= 0) return 17;
    // It stays for children.
    return inProcess([] { return isRefused(::syscall(SYS_ptrace, 0, 0, 0, 0)) ? 0 : 18; });
  });
  expect(outcome == 0);
  // And the process that started it has all of them yet.
  expect(!isRefused(::syscall(SYS_unshare, 0)));
});

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "sallyport-XXXXXX").string();
    expect(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    for (const char* part : {"ours", "theirs"}) {
      std::filesystem::create_directory(path_ / part);
      std::ofstream(path_ / part / "file") << "x";
    }
  }
  ~Folder() { std::filesystem::remove_all(path_); }

  std::string operator/(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

int codeOfOpening(const std::string& path, int flags) {
  const int opened = ::open(path.c_str(), flags, 0600);
  const int why = opened < 0 ? errno : 0;
  if (opened >= 0) ::close(opened);
  return why;
}

const Story paths("a confined process reaches the paths that are named, as they are named", [] {
  const Folder folder;
  Arguments arguments;
  arguments.readable = {folder / "ours", folder / "absent"};
  arguments.writable = {"/dev/null"};
  const int outcome = inProcess([&] {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 1;
    const int version = confineWithLandlock(arguments);
    if (version == 0) return 99;
    if (version < 0) return 2;
    if (codeOfOpening(folder / "ours/file", O_RDONLY) != 0) return 3;
    if (codeOfOpening(folder / "ours", O_RDONLY | O_DIRECTORY) != 0) return 4;
    if (codeOfOpening(folder / "ours/file", O_WRONLY) != EACCES) return 5;
    if (codeOfOpening(folder / "ours/new", O_WRONLY | O_CREAT) != EACCES) return 6;
    if (codeOfOpening(folder / "theirs/file", O_RDONLY) != EACCES) return 7;
    if (codeOfOpening(folder / "theirs", O_RDONLY | O_DIRECTORY) != EACCES) return 8;
    if (codeOfOpening((folder / "ours") + "/../theirs/file", O_RDONLY) != EACCES) return 9;
    if (::symlink((folder / "theirs/file").c_str(), (folder / "ours/link").c_str()) != -1)
      return 10;
    if (::unlink((folder / "theirs/file").c_str()) != -1 || errno != EACCES) return 11;
    if (::rename((folder / "theirs/file").c_str(), (folder / "ours/moved").c_str()) != -1)
      return 12;
    if (codeOfOpening("/dev/null", O_RDWR) != 0) return 13;
    if (::execl("/bin/true", "true", nullptr) != -1 || errno != EACCES) return 14;
    return 0;
  });
  if (outcome == 99) {
    std::puts("  SKIPPED: the kernel has no Landlock");
    return;
  }
  expect(outcome == 0);
});

const Story noEscalation("without no-new-privileges nothing is confined by who has no privileges",
                         [] {
                           const Folder folder;
                           Arguments arguments;
                           arguments.user = 65531;
                           arguments.group = 65531;
                           if (::getuid() != 0) {
                             std::puts("  SKIPPED: only root can try");
                             return;
                           }
                           const int outcome = inProcess([&] {
                             if (!takeIdentity(arguments)) return 1;
                             if (::getuid() != 65531 || ::geteuid() != 65531 || ::getgid() != 65531)
                               return 2;
                             if (::getgroups(0, nullptr) != 0) return 3;
                             if (::setuid(0) == 0 || ::seteuid(0) == 0) return 4;
                             if (confineWithLandlock(arguments) > 0) return 5;
                             return denySystemCalls() ? 6 : 0;
                           });
                           expect(outcome == 0);
                         });

}  // namespace

}  // namespace sallyport::launcher
