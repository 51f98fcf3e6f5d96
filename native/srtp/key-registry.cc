#include "srtp/key-registry.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <utility>

namespace sallyport::srtp {

namespace {

/// Live records that one new key may step over while it looks for an old one to forget.
constexpr std::size_t kMaxSteps = 64;

}  // namespace

KeyRegistry& KeyRegistry::ofProcess() {
  static KeyRegistry registry;
  return registry;
}

KeyRegistry::KeyRegistry(std::size_t maxRemembered)
    : maxRemembered_(maxRemembered),
      secret_(std::tuple_size_v<Fingerprint>),
      hasSecret_(RAND_priv_bytes(secret_.fill().data(), static_cast<int>(secret_.size())) == 1) {}

std::optional<KeyRegistry::Fingerprint> KeyRegistry::fingerprintOf(const MasterKey& key) const {
  if (!hasSecret_) return std::nullopt;
  const auto keyOctets = key.reveal().first(traitsOf(key.suite()).keyOctets);
  Fingerprint fingerprint;
  if (HMAC(EVP_sha256(), secret_.reveal().data(), static_cast<int>(secret_.size()),
           keyOctets.data(), keyOctets.size(), fingerprint.data(), nullptr) == nullptr) {
    return std::nullopt;
  }
  return fingerprint;
}

std::shared_ptr<KeyRecord> KeyRegistry::recordOf(const MasterKey& key) {
  const auto fingerprint = fingerprintOf(key);
  if (!fingerprint) return nullptr;

  const std::lock_guard lock(mutex_);
  auto& record = records_[*fingerprint];
  if (record) return record;
  record = std::make_shared<KeyRecord>();
  const auto made = record;  // held, so that it is not the one to be forgotten
  order_.push_back(*fingerprint);
  if (order_.size() > maxRemembered_) forgetOldest();
  return made;
}

void KeyRegistry::forgetOldest() {
  for (std::size_t step = 0; step < kMaxSteps; ++step) {
    const Fingerprint oldest = order_.front();
    order_.pop_front();
    const auto found = records_.find(oldest);
    if (found->second.use_count() == 1) {
      records_.erase(found);
      return;
    }
    order_.push_back(oldest);  // a session lives by it
  }
}

std::size_t KeyRegistry::size() const {
  const std::lock_guard lock(mutex_);
  return records_.size();
}

std::optional<OutboundClaim> OutboundClaim::take(std::shared_ptr<KeyRecord> record) noexcept {
  if (record->isClaimed.exchange(true)) return std::nullopt;
  return OutboundClaim(std::move(record));
}

OutboundClaim::~OutboundClaim() {
  if (record_ && record_->sealed.isUnused()) record_->isClaimed.store(false);
}

}  // namespace sallyport::srtp
