#include "srtp/known-answers.h"

#include <key-derivation.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "srtp/srtp-inbound.h"
#include "srtp/srtp-outbound.h"

namespace sallyport::srtp {

namespace {

using Bytes = std::vector<std::uint8_t>;

/// One kind and size of cipher. Where an RFC gives session keys for the master key, they are here
/// too.
struct KnownAnswer {
  std::string_view masterKey;
  std::string_view masterSalt;
  std::string_view sessionKey;
  std::string_view sessionSalt;
  std::string_view sessionAuthenticationKey;
  std::string_view srtp;
  std::string_view srtcp;
};

constexpr std::string_view kRtp = "800f1234decafbadcafebabeabababababababababababababababab";
constexpr std::string_view kRtcp = "81c8000bcafebabeabababababababababababababababab";

// RFC 3711 App. B.3
constexpr KnownAnswer kAesCm128{
    "e1f97a0d3e018be0d64fa32c06de4139",
    "0ec675ad498afeebb6960b3aabe6",
    "c61e7a93744f39ee10734afe3ff7a087",
    "30cbbc08863d8c85d49db34a9ae1",
    "cebe321f6ff7716b6fd4ab49af256a156d38baa4",
    "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb",
    "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798",
};

// RFC 6188 §7.4
constexpr KnownAnswer kAesCm192{
    "73edc66c4fa15776fb57f9505c17136550ffda71f3e8e5f1",
    "c8522f3acd4ce86d5add78edbb11",
    "31874736a8f1143870c26e4857d8a5b2c4a354407faadabb",
    "2372b82d639b6d8503a47adc0a6c",
    "355b10973cd95b9eacf4061c7e1a7151e7cfbfcb",
    "800f1234decafbadcafebabe1e84e1395a55cc6cd7b80db939a83a78e3e7e10bf579c261e5c6",
    "81c8000bcafebabe3a8b5fbd5eabc9949eec92043a9a4b58800000012fd0d52db8f8be3d1e48",
};

// RFC 6188 §7.2
constexpr KnownAnswer kAesCm256{
    "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
    "3b04803de51ee7c96423ab5b78d2",
    "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
    "fa31791685ca444a9e07c6c64e93",
    "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
    "800f1234decafbadcafebabef1d9de17ff251ff1aa007774b0b4b40da08d9d9a5b3a55d8873b",
    "81c8000bcafebabeb4d0e7a917d24b9faab9d3b6127b3ba680000001e04ac0ec2846f71bd31c",
};

constexpr KnownAnswer kAesGcm128{
    "000102030405060708090a0b0c0d0e0f",
    "a0a1a2a3a4a5a6a7a8a9aaab",
    "",
    "",
    "",
    "800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392",
    "81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025c52c6fbea2b3b446ea31123ba88ce61e80000001",
};

constexpr KnownAnswer kAesGcm256{
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
    "a0a1a2a3a4a5a6a7a8a9aaab",
    "",
    "",
    "",
    "800f1234decafbadcafebabe0af7f21e8a90bdad7a425c9c31ed4bb1d90238917e7390a2793500e1681acaea",
    "81c8000bcafebabe8abfafa780070a90e80f9161cf4aac081ed93aaa53c15b0f3ed1a3b984167b0380000001",
};

const KnownAnswer& answerFor(const SuiteTraits& suite) noexcept {
  if (suite.isAead) return suite.keyOctets == 16 ? kAesGcm128 : kAesGcm256;
  if (suite.keyOctets == 24) return kAesCm192;
  return suite.keyOctets == 16 ? kAesCm128 : kAesCm256;
}

Bytes fromHex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(digit(text[i]) << 4 | digit(text[i + 1])));
  }
  return bytes;
}

bool derives(const EVP_CIPHER* cipher, const KnownAnswer& answer, int label,
             std::string_view expected) {
  const Bytes key = fromHex(answer.masterKey);
  const Bytes salt = fromHex(answer.masterSalt);
  const Bytes wanted = fromHex(expected);
  std::array<char, KDF_SRTP_MAX_OUTPUT> derived{};
  return kdf_srtp(cipher, reinterpret_cast<const char*>(key.data()),
                  reinterpret_cast<const char*>(salt.data()), nullptr, nullptr, label,
                  derived.data()) == 0 &&
         std::equal(wanted.begin(), wanted.end(), derived.begin(),
                    [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
}

bool keyDerivationMatches(const EVP_CIPHER* cipher, const KnownAnswer& answer) {
  return derives(cipher, answer, 0, answer.sessionKey) &&
         derives(cipher, answer, 1, answer.sessionAuthenticationKey) &&
         derives(cipher, answer, 2, answer.sessionSalt);
}

bool protects(SrtpOutbound& outbound, bool isRtcp, const Bytes& plain, const Bytes& expected) {
  Bytes buffer = plain;
  buffer.resize(plain.size() + kMaxTrailerOctets);
  const auto length = isRtcp ? outbound.protectRtcp(buffer, plain.size())
                             : outbound.protectRtp(buffer, plain.size());
  return length && length.value() == expected.size() &&
         std::ranges::equal(std::span(buffer).first(length.value()), expected);
}

bool opens(SrtpInbound& inbound, bool isRtcp, const Bytes& sealed, const Bytes& plain) {
  const auto unprotect = [&](Bytes& packet) {
    return isRtcp ? inbound.unprotectRtcp(packet) : inbound.unprotectRtp(packet);
  };

  Bytes forged = sealed;
  forged[plain.size() - 1] ^= 1;
  const auto refused = unprotect(forged);
  if (refused || refused.failure() != UnprotectFailure::badTag) return false;

  Bytes packet = sealed;
  const auto length = unprotect(packet);
  return length && length.value() == plain.size() &&
         std::ranges::equal(std::span(packet).first(length.value()), plain);
}

bool packetsMatch(const SuiteTraits& suite) {
  const KnownAnswer& answer = answerFor(suite);
  Bytes master = fromHex(answer.masterKey);
  std::ranges::copy(fromHex(answer.masterSalt), std::back_inserter(master));
  auto key = MasterKey::copyOf(suite.suite, master);
  if (!key) return false;

  SessionOptions options;
  options.keys.push_back({.masterKey = std::make_shared<MasterKey>(std::move(key).value()),
                          .mki = {},
                          .lifetimePackets = kMaxRtpPacketsPerKey});
  auto outbound = SrtpOutbound::withoutStartingLibrary(options);
  auto inbound = SrtpInbound::withoutStartingLibrary(options);
  if (!outbound || !inbound) return false;

  const Bytes rtp = fromHex(kRtp);
  const Bytes rtcp = fromHex(kRtcp);
  const Bytes srtcp = fromHex(answer.srtcp);
  Bytes srtp = fromHex(answer.srtp);
  srtp.resize(rtp.size() + suite.rtpTagOctets);  // a 32-bit tag is the head of the 80-bit one
  return protects(*outbound.value(), false, rtp, srtp) &&
         protects(*outbound.value(), true, rtcp, srtcp) &&
         opens(*inbound.value(), false, srtp, rtp) && opens(*inbound.value(), true, srtcp, rtcp);
}

}  // namespace

bool knownAnswersMatch() noexcept {
  return keyDerivationMatches(EVP_aes_128_ctr(), kAesCm128) &&
         keyDerivationMatches(EVP_aes_192_ctr(), kAesCm192) &&
         keyDerivationMatches(EVP_aes_256_ctr(), kAesCm256) &&
         std::ranges::all_of(kSuites, packetsMatch);
}

}  // namespace sallyport::srtp
