#include "openssl-primitive.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

namespace sallyport::bench {

namespace {

constexpr std::size_t kHeaderOctets = 12;
/// Of a stream that has not come round.
constexpr std::array<std::uint8_t, 4> kRolloverCounter{};

const EVP_CIPHER* cipherOf(const srtp::SuiteTraits& suite) noexcept {
  if (suite.isAead) return suite.keyOctets == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
  if (suite.keyOctets == 24) return EVP_aes_192_ctr();
  return suite.keyOctets == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr();
}

int lengthOf(std::span<const std::uint8_t> octets) noexcept {
  return static_cast<int>(octets.size());
}

}  // namespace

std::optional<OpensslPrimitive> OpensslPrimitive::create(const srtp::SuiteTraits& suite,
                                                         const StreamKeys& keys) {
  OpensslPrimitive primitive(suite);
  if (keys.encryptionKey.size() != suite.keyOctets || keys.salt.size() != suite.saltOctets) {
    return std::nullopt;
  }
  std::ranges::copy(keys.salt, primitive.salt_.begin());
  primitive.encryption_.reset(EVP_CIPHER_CTX_new());
  primitive.decryption_.reset(EVP_CIPHER_CTX_new());
  const std::uint8_t* key = keys.encryptionKey.data();
  const EVP_CIPHER* cipher = cipherOf(suite);
  if (EVP_EncryptInit_ex(primitive.encryption_.get(), cipher, nullptr, key, nullptr) != 1 ||
      EVP_DecryptInit_ex(primitive.decryption_.get(), cipher, nullptr, key, nullptr) != 1) {
    return std::nullopt;
  }
  if (suite.isAead) return primitive;

  EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  primitive.mac_.reset(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);
  char digest[] = "SHA1";
  const std::array<OSSL_PARAM, 2> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  if (EVP_MAC_init(primitive.mac_.get(), keys.authenticationKey.data(),
                   keys.authenticationKey.size(), parameters.data()) != 1) {
    return std::nullopt;
  }
  return primitive;
}

std::optional<std::size_t> OpensslPrimitive::protect(std::span<std::uint8_t> room,
                                                     std::size_t length) noexcept {
  const std::span<std::uint8_t> packet = room.first(length);
  const std::span<std::uint8_t> trailer = room.subspan(length, suite_.rtpTagOctets);
  if (!suite_.isAead) {
    if (!crypt(packet)) return std::nullopt;
    const auto tag = authenticate(packet);
    if (!tag) return std::nullopt;
    std::copy_n(tag->begin(), trailer.size(), trailer.begin());
    return length + trailer.size();
  }

  const auto nonce = nonceOf(packet);
  const std::span<std::uint8_t> payload = packet.subspan(kHeaderOctets);
  EVP_CIPHER_CTX* const context = encryption_.get();
  int written = 0;
  const bool isDone =
      EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
      EVP_EncryptUpdate(context, nullptr, &written, packet.data(), kHeaderOctets) == 1 &&
      EVP_EncryptUpdate(context, payload.data(), &written, payload.data(), lengthOf(payload)) ==
          1 &&
      EVP_EncryptFinal_ex(context, payload.data(), &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, lengthOf(trailer), trailer.data()) == 1;
  return isDone ? std::optional(length + trailer.size()) : std::nullopt;
}

std::optional<std::size_t> OpensslPrimitive::unprotect(std::span<std::uint8_t> room,
                                                       std::size_t length) noexcept {
  const std::size_t opened = length - suite_.rtpTagOctets;
  const std::span<std::uint8_t> packet = room.first(opened);
  const std::span<std::uint8_t> trailer = room.subspan(opened, suite_.rtpTagOctets);
  if (!suite_.isAead) {
    const auto tag = authenticate(packet);
    if (!tag || CRYPTO_memcmp(tag->data(), trailer.data(), trailer.size()) != 0 || !crypt(packet)) {
      return std::nullopt;
    }
    return opened;
  }

  const auto nonce = nonceOf(packet);
  const std::span<std::uint8_t> payload = packet.subspan(kHeaderOctets);
  EVP_CIPHER_CTX* const context = decryption_.get();
  int written = 0;
  const bool isDone =
      EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, lengthOf(trailer), trailer.data()) == 1 &&
      EVP_DecryptUpdate(context, nullptr, &written, packet.data(), kHeaderOctets) == 1 &&
      EVP_DecryptUpdate(context, payload.data(), &written, payload.data(), lengthOf(payload)) ==
          1 &&
      EVP_DecryptFinal_ex(context, payload.data(), &written) == 1;
  return isDone ? std::optional(opened) : std::nullopt;
}

// IV (RFC 3711 §4.1.1)   salt * 2^16 ⊕ SSRC * 2^64 ⊕ index * 2^16
std::array<std::uint8_t, 16> OpensslPrimitive::counterOf(
    std::span<const std::uint8_t> packet) const noexcept {
  std::array<std::uint8_t, 16> counter{};
  std::ranges::copy(salt_, counter.begin());
  for (std::size_t i = 0; i < 4; ++i) counter[4 + i] ^= packet[8 + i];
  for (std::size_t i = 0; i < 2; ++i) counter[12 + i] ^= packet[2 + i];
  return counter;
}

// IV (RFC 7714 §8.1)   (0 0 | SSRC | rollover counter | sequence number) ⊕ salt
std::array<std::uint8_t, 12> OpensslPrimitive::nonceOf(
    std::span<const std::uint8_t> packet) const noexcept {
  std::array<std::uint8_t, 12> nonce{};
  std::copy_n(salt_.begin(), nonce.size(), nonce.begin());
  for (std::size_t i = 0; i < 4; ++i) nonce[2 + i] ^= packet[8 + i];
  for (std::size_t i = 0; i < 2; ++i) nonce[10 + i] ^= packet[2 + i];
  return nonce;
}

bool OpensslPrimitive::crypt(std::span<std::uint8_t> packet) noexcept {
  const auto counter = counterOf(packet);
  const std::span<std::uint8_t> payload = packet.subspan(kHeaderOctets);
  int written = 0;
  return EVP_EncryptInit_ex(encryption_.get(), nullptr, nullptr, nullptr, counter.data()) == 1 &&
         EVP_EncryptUpdate(encryption_.get(), payload.data(), &written, payload.data(),
                           lengthOf(payload)) == 1;
}

std::optional<OpensslPrimitive::Tag> OpensslPrimitive::authenticate(
    std::span<const std::uint8_t> packet) noexcept {
  Tag tag{};
  std::size_t octets = 0;
  const bool isDone =
      EVP_MAC_init(mac_.get(), nullptr, 0, nullptr) == 1 &&
      EVP_MAC_update(mac_.get(), packet.data(), packet.size()) == 1 &&
      EVP_MAC_update(mac_.get(), kRolloverCounter.data(), kRolloverCounter.size()) == 1 &&
      EVP_MAC_final(mac_.get(), tag.data(), &octets, tag.size()) == 1;
  return isDone ? std::optional(tag) : std::nullopt;
}

}  // namespace sallyport::bench
