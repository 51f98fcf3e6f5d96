#include "stock-session.h"

#include <crypto_types.h>

namespace sallyport::bench {

namespace {

constexpr unsigned long kReplayWindowPackets = 128;
constexpr int kHmacSha1KeyOctets = 20;

srtp_cipher_type_id_t cipherOf(const srtp::SuiteTraits& suite) noexcept {
  if (suite.isAead) return suite.keyOctets == 16 ? SRTP_AES_GCM_128 : SRTP_AES_GCM_256;
  if (suite.keyOctets == 24) return SRTP_AES_ICM_192;
  return suite.keyOctets == 16 ? SRTP_AES_ICM_128 : SRTP_AES_ICM_256;
}

srtp_crypto_policy_t policyOf(const srtp::SuiteTraits& suite, std::size_t tagOctets) noexcept {
  srtp_crypto_policy_t policy{};
  policy.cipher_type = cipherOf(suite);
  policy.cipher_key_len = static_cast<int>(suite.masterOctets());
  policy.auth_type =
      srtp_auth_type_id_t{suite.isAead ? unsigned{SRTP_NULL_AUTH} : unsigned{SRTP_HMAC_SHA1}};
  policy.auth_key_len = suite.isAead ? 0 : kHmacSha1KeyOctets;
  policy.auth_tag_len = static_cast<int>(tagOctets);
  policy.sec_serv = sec_serv_conf_and_auth;
  return policy;
}

}  // namespace

std::optional<StockSession> StockSession::create(const srtp::SuiteTraits& suite,
                                                 std::span<const std::uint8_t> master) {
  static const srtp_err_status_t started = srtp_init();
  if (started != srtp_err_status_ok || master.size() != suite.masterOctets()) return std::nullopt;

  srtp_policy_t policy{};
  policy.rtp = policyOf(suite, suite.rtpTagOctets);
  policy.rtcp = policyOf(suite, suite.rtcpTagOctets);
  // libsrtp takes a pointer to mutable bytes and only reads them.
  policy.key = const_cast<std::uint8_t*>(master.data());
  policy.window_size = kReplayWindowPackets;
  srtp_t outbound = nullptr;
  srtp_t inbound = nullptr;
  policy.ssrc.type = ssrc_any_outbound;
  if (srtp_create(&outbound, &policy) != srtp_err_status_ok) return std::nullopt;
  Session ownedOutbound(outbound);
  policy.ssrc.type = ssrc_any_inbound;
  if (srtp_create(&inbound, &policy) != srtp_err_status_ok) return std::nullopt;
  return StockSession(std::move(ownedOutbound), Session(inbound));
}

std::optional<std::size_t> StockSession::protect(std::span<std::uint8_t> room,
                                                 std::size_t length) noexcept {
  int octets = static_cast<int>(length);
  if (srtp_protect(outbound_.get(), room.data(), &octets) != srtp_err_status_ok) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(octets);
}

std::optional<std::size_t> StockSession::unprotect(std::span<std::uint8_t> room,
                                                   std::size_t length) noexcept {
  int octets = static_cast<int>(length);
  if (srtp_unprotect(inbound_.get(), room.data(), &octets) != srtp_err_status_ok) {
    return std::nullopt;
  }
  return static_cast<std::size_t>(octets);
}

}  // namespace sallyport::bench
