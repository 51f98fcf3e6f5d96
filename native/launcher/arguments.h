#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace sallyport::launcher {

/// What a process is to be, as the command line says: `--name value …  -- program arguments…`.
struct Arguments {
  std::optional<uid_t> user;
  std::optional<gid_t> group;
  /// The process that started this one; with another we do not go on.
  std::optional<pid_t> parent;
  /// Signal when the parent dies.
  int parentDeathSignal = 9;
  /// Descriptors from this one on are closed.
  std::optional<unsigned> firstClosed;
  bool mayBindPrivilegedPorts = false;
  /// Landlock: what may be read, read and executed, read and written.
  bool isConfined = false;
  std::vector<std::string> readable;
  std::vector<std::string> executable;
  std::vector<std::string> writable;
  /// The program and its arguments, ended by a null pointer.
  char** command = nullptr;
};

/// Empty where an argument is unknown, lacks its value, or there is no program.
std::optional<Arguments> parseArguments(int count, char** texts);

}  // namespace sallyport::launcher
