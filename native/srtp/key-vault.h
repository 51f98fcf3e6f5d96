#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "srtp/master-key.h"

namespace sallyport::srtp {

enum class VaultFailure : std::uint8_t { full, randomSourceFailed };

/// Where the toolbox leaves keys for the media plane of the same process, so that no key byte
/// passes through JavaScript. A key is taken out once, by whoever knows its random name. All
/// members are thread-safe.
class KeyVault {
 public:
  static constexpr std::size_t kMaxKeys = 65536;

  /// The one vault of the process.
  static KeyVault& ofProcess();

  /// Keeps `key` under a random name of 32 lower-case hexadecimal digits (128 bits).
  Result<std::string, VaultFailure> deposit(MasterKey key);

  /// Keeps `key` under a name that another process chose; false when there is no room or the name
  /// is taken.
  bool keep(std::string name, MasterKey key);

  /// A random name as `deposit` gives one.
  static std::optional<std::string> newName();

  /// Takes a key out. Empty when nobody left one under that name or somebody took it already.
  std::optional<MasterKey> claim(std::string_view name);

  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, MasterKey> keys_;
};

}  // namespace sallyport::srtp
