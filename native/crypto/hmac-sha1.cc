#include "crypto/hmac-sha1.h"

#include <openssl/crypto.h>

#include <algorithm>

namespace sallyport::crypto {

namespace {

constexpr std::uint8_t kInnerPad = 0x36;
constexpr std::uint8_t kOuterPad = 0x5c;
/// Of the message's length in bits, at the end of the last block (RFC 3174 §4).
constexpr std::size_t kLengthOctets = 8;

template <typename Word>
void write(Word word, std::uint8_t* to) noexcept {
  for (std::size_t i = 0; i < sizeof(Word); ++i) {
    to[i] = static_cast<std::uint8_t>(word >> (8 * (sizeof(Word) - 1 - i)));
  }
}

}  // namespace

HmacSha1::HmacSha1(Sha1Compress compress) noexcept : compress_(compress) { setKey({}); }

HmacSha1::~HmacSha1() {
  OPENSSL_cleanse(inner_.data(), sizeof inner_);
  OPENSSL_cleanse(outer_.data(), sizeof outer_);
  OPENSSL_cleanse(state_.data(), sizeof state_);
  OPENSSL_cleanse(buffer_.data(), sizeof buffer_);
}

void HmacSha1::setKey(std::span<const std::uint8_t> key) noexcept {
  Block block{};
  if (key.size() > block.size()) {
    begin(kSha1Start, 0);
    update(key);
    Tag hashed = finishHash();
    std::ranges::copy(hashed, block.begin());
    OPENSSL_cleanse(hashed.data(), hashed.size());
  } else {
    std::ranges::copy(key, block.begin());
  }

  for (std::uint8_t& octet : block) octet ^= kInnerPad;
  inner_ = kSha1Start;
  compress_(inner_, block.data(), 1);
  for (std::uint8_t& octet : block) octet ^= kInnerPad ^ kOuterPad;
  outer_ = kSha1Start;
  compress_(outer_, block.data(), 1);

  OPENSSL_cleanse(block.data(), block.size());
  // The message schedule, from which the key can be read, is still where `compress_` had it on the
  // stack: a block of zeros in the same place overwrites it.
  state_ = kSha1Start;
  compress_(state_, block.data(), 1);
  OPENSSL_cleanse(buffer_.data(), buffer_.size());
  start();
}

void HmacSha1::start() noexcept { begin(inner_, kSha1BlockOctets); }

void HmacSha1::begin(const Sha1State& state, std::uint64_t octetsBefore) noexcept {
  state_ = state;
  octets_ = octetsBefore;
}

void HmacSha1::update(std::span<const std::uint8_t> part) noexcept {
  const std::size_t used = buffered();
  octets_ += part.size();
  if (used != 0) {
    const auto head = part.first(std::min(part.size(), buffer_.size() - used));
    std::ranges::copy(head, buffer_.begin() + used);
    part = part.subspan(head.size());
    if (used + head.size() < buffer_.size()) return;
    compress_(state_, buffer_.data(), 1);
  }

  const std::size_t blocks = part.size() / kSha1BlockOctets;
  if (blocks != 0) compress_(state_, part.data(), blocks);
  std::ranges::copy(part.subspan(blocks * kSha1BlockOctets), buffer_.begin());
}

HmacSha1::Tag HmacSha1::finish() noexcept {
  const Tag innerHash = finishHash();
  begin(outer_, kSha1BlockOctets);
  update(innerHash);
  const Tag tag = finishHash();
  start();
  return tag;
}

HmacSha1::Tag HmacSha1::finishHash() noexcept {
  // RFC 3174 §4: one bit, zeros, and the length.
  std::size_t used = buffered();
  buffer_[used++] = 0x80;
  if (used > buffer_.size() - kLengthOctets) {
    std::fill(buffer_.begin() + used, buffer_.end(), 0);
    compress_(state_, buffer_.data(), 1);
    used = 0;
  }
  std::fill(buffer_.begin() + used, buffer_.end() - kLengthOctets, 0);
  write(octets_ * 8, buffer_.data() + buffer_.size() - kLengthOctets);
  compress_(state_, buffer_.data(), 1);

  Tag hash;
  for (std::size_t i = 0; i < state_.size(); ++i) write(state_[i], hash.data() + 4 * i);
  return hash;
}

}  // namespace sallyport::crypto
