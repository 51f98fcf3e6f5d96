#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>

#include "srtp/key-usage.h"
#include "srtp/master-key.h"

namespace sallyport::srtp {

/// What the process knows of one master key, whatever its salt and suite.
struct KeyRecord {
  KeyUsage opened;
  KeyUsage sealed;
  /// An `OutboundClaim` holds it, or one did that has protected packets.
  std::atomic<bool> isClaimed = false;
};

/// The master keys that sessions of this process use or have used, so that their packets are
/// counted together and no two legs protect under one. Holds no key: a record is found by
/// HMAC-SHA-256 of the key without its salt (other suites derive the same session keys from the
/// same bytes) under a secret of the process. All members are thread-safe; none is called per
/// packet.
class KeyRegistry {
 public:
  /// Records of ended sessions that are remembered; the oldest go first. About 12 MiB when full.
  static constexpr std::size_t kMaxRemembered = 65536;

  /// The one registry of the process.
  static KeyRegistry& ofProcess();

  explicit KeyRegistry(std::size_t maxRemembered = kMaxRemembered);

  /// The record of `key`, made where there is none. Null when OpenSSL gives no randomness or hash.
  std::shared_ptr<KeyRecord> recordOf(const MasterKey& key);

  std::size_t size() const;

 private:
  using Fingerprint = std::array<std::uint8_t, 32>;
  struct Hash {
    std::size_t operator()(const Fingerprint& fingerprint) const noexcept {
      std::size_t value = 0;  // a prefix of a MAC is as good a hash as any
      std::memcpy(&value, fingerprint.data(), sizeof value);
      return value;
    }
  };

  std::optional<Fingerprint> fingerprintOf(const MasterKey& key) const;
  void forgetOldest();

  const std::size_t maxRemembered_;
  SecretBytes secret_;
  bool hasSecret_;
  mutable std::mutex mutex_;
  std::unordered_map<Fingerprint, std::shared_ptr<KeyRecord>, Hash> records_;
  /// Oldest first.
  std::deque<Fingerprint> order_;
};

/// The right to protect packets under a key, which one holder at a time has. Who protected none
/// gives it back when he goes; else nobody gets it again while the key is remembered (RFC 3711
/// §9.1).
class OutboundClaim {
 public:
  /// Empty when somebody has or had it.
  static std::optional<OutboundClaim> take(std::shared_ptr<KeyRecord> record) noexcept;

  OutboundClaim(OutboundClaim&&) noexcept = default;
  OutboundClaim& operator=(OutboundClaim&&) = delete;
  ~OutboundClaim();

 private:
  explicit OutboundClaim(std::shared_ptr<KeyRecord> record) noexcept : record_(std::move(record)) {}

  std::shared_ptr<KeyRecord> record_;
};

}  // namespace sallyport::srtp
