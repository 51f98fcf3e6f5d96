#include "srtp/crypto-context.h"

#include <crypto_types.h>
#include <stream-access.h>

#include <algorithm>
#include <array>

#include "srtp/packet-layout.h"

namespace sallyport::srtp {

namespace {

constexpr int kHmacSha1KeyOctets = 20;
/// What a peer sends at most as a rule: sound, and something beside it.
constexpr std::size_t kUsualSources = 4;

srtp_cipher_type_id_t cipherOf(const SuiteTraits& suite) noexcept {
  if (suite.isAead) return suite.keyOctets == 16 ? SRTP_AES_GCM_128 : SRTP_AES_GCM_256;
  if (suite.keyOctets == 24) return SRTP_AES_ICM_192;
  return suite.keyOctets == 16 ? SRTP_AES_ICM_128 : SRTP_AES_ICM_256;
}

srtp_crypto_policy_t cryptoPolicy(const SuiteTraits& suite, std::size_t tagOctets) noexcept {
  return {
      .cipher_type = cipherOf(suite),
      .cipher_key_len = static_cast<int>(suite.masterOctets()),
      .auth_type =
          srtp_auth_type_id_t{suite.isAead ? unsigned{SRTP_NULL_AUTH} : unsigned{SRTP_HMAC_SHA1}},
      .auth_key_len = suite.isAead ? 0 : kHmacSha1KeyOctets,
      .auth_tag_len = static_cast<int>(tagOctets),
      .sec_serv = sec_serv_conf_and_auth,
  };
}

}  // namespace

CryptoContext::CryptoContext(const SuiteTraits& suite, const SessionOptions& options)
    : suite_(suite), activeKey_(options.activeKey), maxSources_(options.maxSources) {
  for (const SessionKey& key : options.keys) mkis_.push_back(key.mki);
  // No allocation per packet; with a source beyond these libsrtp allocates a stream anyway.
  sources_.reserve(std::min<std::size_t>(maxSources_, kUsualSources));
}

Result<std::unique_ptr<CryptoContext>, SessionFailure> CryptoContext::create(
    Direction direction, const SessionOptions& options) {
  if (const auto fault = findFault(options)) return *fault;

  const SuiteTraits& suite = traitsOf(options.keys.front().masterKey->suite());
  std::unique_ptr<CryptoContext> context(new CryptoContext(suite, options));
  if (const auto failure = context->takeKeys(direction, options)) return *failure;
  context->rtp_ = openSession(direction, options, suite.rtpTagOctets);
  if (!context->rtp_) return SessionFailure::libraryUnusable;

  // libsrtp looks for the MKI of SRTCP in front of a tag as long as SRTP's, which is wrong where
  // the two differ.
  if (context->usesMki() && suite.rtpTagOctets != suite.rtcpTagOctets) {
    context->rtcp_ = openSession(direction, options, suite.rtcpTagOctets);
    if (!context->rtcp_) return SessionFailure::libraryUnusable;
  }
  return context;
}

std::optional<SessionFailure> CryptoContext::takeKeys(Direction direction,
                                                      const SessionOptions& options) {
  isOutbound_ = direction == Direction::outbound;
  for (const SessionKey& key : options.keys) {
    auto record = KeyRegistry::ofProcess().recordOf(*key.masterKey);
    if (!record) return SessionFailure::libraryUnusable;
    if (isOutbound_ && options.mustOwnKeys) {
      auto claim = OutboundClaim::take(record);
      if (!claim) return SessionFailure::keyReused;
      claims_.push_back(std::move(*claim));
    }
    budgets_.emplace_back(isOutbound_ ? record->sealed : record->opened, key.lifetimePackets,
                          options.expiry);
    records_.push_back(std::move(record));
  }
  return std::nullopt;
}

CryptoContext::Session CryptoContext::openSession(Direction direction,
                                                  const SessionOptions& options,
                                                  std::size_t rtpTagOctets) {
  const SuiteTraits& suite = traitsOf(options.keys.front().masterKey->suite());
  std::array<srtp_master_key_t, kMaxKeysPerSession> keys{};
  std::array<srtp_master_key_t*, kMaxKeysPerSession> pointers{};
  for (std::size_t i = 0; i < options.keys.size(); i++) {
    const SessionKey& key = options.keys[i];
    // libsrtp takes pointers to mutable bytes and only reads them.
    keys[i] = {const_cast<std::uint8_t*>(key.masterKey->reveal().data()),
               const_cast<std::uint8_t*>(key.mki.data()), static_cast<unsigned>(key.mki.size())};
    pointers[i] = &keys[i];
  }

  srtp_policy_t policy{};
  policy.ssrc.type = direction == Direction::inbound ? ssrc_any_inbound : ssrc_any_outbound;
  policy.rtp = cryptoPolicy(suite, rtpTagOctets);
  policy.rtcp = cryptoPolicy(suite, suite.rtcpTagOctets);
  policy.keys = pointers.data();
  policy.num_master_keys = options.keys.size();
  policy.window_size = options.replayWindowPackets;
  policy.allow_repeat_tx = 0;

  srtp_t session = nullptr;
  if (srtp_create(&session, &policy) != srtp_err_status_ok) return nullptr;
  return Session(session);
}

std::optional<std::size_t> CryptoContext::keyNamed(
    std::span<const std::uint8_t> mki) const noexcept {
  const auto found = std::ranges::find_if(
      mkis_, [&](const auto& candidate) { return std::ranges::equal(candidate, mki); });
  if (found == mkis_.end()) return std::nullopt;
  return found - mkis_.begin();
}

bool CryptoContext::mayUse(std::size_t key) noexcept {
  if (!budgets_[key].isPastLifetime()) return true;
  notices_.onExpired();
  return !budgets_[key].isSpent();
}

void CryptoContext::countRtp(std::size_t key) noexcept {
  budgets_[key].countRtp();
  if (isOutbound_ && budgets_[key].isNearlySpent()) notices_.onNearlySpent();
}

void CryptoContext::countRtcp(std::size_t key) noexcept {
  budgets_[key].countRtcp();
  if (isOutbound_ && budgets_[key].isNearlySpent()) notices_.onNearlySpent();
}

bool CryptoContext::sharesKeyWith(const CryptoContext& other) const noexcept {
  return std::ranges::find_first_of(records_, other.records_) != records_.end();
}

Source* CryptoContext::findSource(std::uint32_t ssrc) noexcept {
  const auto found = std::ranges::find(sources_, ssrc, &Source::ssrc);
  return found == sources_.end() ? nullptr : &*found;
}

Source& CryptoContext::addSource(std::uint32_t ssrc) noexcept {
  return sources_.emplace_back(Source{ssrc, false, std::nullopt});
}

void CryptoContext::learnHotLines(std::uint32_t ssrc) noexcept {
  hotLines_.clear();
  hotLines_.add(sources_.data(), sizeof(Source));
  hotLines_.add(budgets_.data(), sizeof(KeyBudget));
  hotLines_.add(mkis_.data(), sizeof mkis_.front());
  std::array<srtp_memory_part_t, 16> parts{};
  const std::size_t count = srtp_get_stream_memory(rtpSession(), ssrc, parts.data(), parts.size());
  for (std::size_t i = 0; i < count; ++i) hotLines_.add(parts[i].start, parts[i].octets);
}

bool CryptoContext::runsOutOfIndices(const Source& source,
                                     std::uint16_t sequenceNumber) const noexcept {
  std::uint64_t index = 0;
  return source.hasRtp && !source.pendingRolloverCounter &&
         srtp_get_stream_index(rtpSession(), source.ssrc, &index) == srtp_err_status_ok &&
         srtp::runsOutOfIndices(index, sequenceNumber);
}

void CryptoContext::offerRolloverCounter(const Source& source) noexcept {
  if (source.pendingRolloverCounter) {
    srtp_set_stream_roc(rtpSession(), source.ssrc, *source.pendingRolloverCounter);
  }
}

void CryptoContext::settleRolloverCounter(Source& source, bool succeeded) noexcept {
  if (!source.pendingRolloverCounter) return;
  // libsrtp forgets a counter that it was given only where the packet lay far ahead; left in place
  // it would pin the counter of all packets to come.
  srtp_set_stream_roc(rtpSession(), source.ssrc, 0);
  if (succeeded) source.pendingRolloverCounter.reset();
}

void CryptoContext::adoptIndices(const CryptoContext& from, bool withRtcp) noexcept {
  for (const Source& source : from.sources_) {
    if (findSource(source.ssrc) == nullptr && isFull()) return;
    if (source.hasRtp && srtp_adopt_rtp_indices(rtpSession(), from.rtpSession(), source.ssrc) !=
                             srtp_err_status_ok) {
      return;
    }
    // A source that sent no SRTCP has no stream where SRTCP has a session of its own.
    if (withRtcp) srtp_adopt_rtcp_indices(rtcpSession(), from.rtcpSession(), source.ssrc);
    Source* known = findSource(source.ssrc);
    if (known == nullptr) known = &addSource(source.ssrc);
    known->hasRtp = source.hasRtp;
    known->pendingRolloverCounter = source.pendingRolloverCounter;
  }
}

void CryptoContext::mirrorRtp(const CryptoContext& from, std::uint32_t ssrc,
                              std::uint16_t sequenceNumber) noexcept {
  Source* source = findSource(ssrc);
  if (source == nullptr && isFull()) return;
  if (srtp_add_stream_like_template(rtpSession(), ssrc) != srtp_err_status_ok) return;
  srtp_mirror_rtp_index(rtpSession(), from.rtpSession(), ssrc, sequenceNumber);
  if (source == nullptr) source = &addSource(ssrc);
  source->hasRtp = true;
}

std::optional<std::uint64_t> CryptoContext::highestIndex(std::uint32_t ssrc) noexcept {
  const Source* source = findSource(ssrc);
  std::uint64_t index = 0;
  if (source == nullptr || !source->hasRtp ||
      srtp_get_stream_index(rtpSession(), ssrc, &index) != srtp_err_status_ok) {
    return std::nullopt;
  }
  return index;
}

bool CryptoContext::opensAt(std::uint32_t ssrc, std::uint64_t index,
                            std::span<std::uint8_t> packet) noexcept {
  int length = static_cast<int>(packet.size());
  return srtp_try_unprotect_at(rtpSession(), ssrc, index, packet.data(), &length, usesMki()) ==
         srtp_err_status_ok;
}

bool CryptoContext::expectIndex(std::uint32_t ssrc, std::uint64_t index) noexcept {
  Source* source = findSource(ssrc);
  if (source == nullptr && isFull()) return false;
  if (srtp_expect_index(rtpSession(), ssrc, index) != srtp_err_status_ok) return false;
  if (source == nullptr) source = &addSource(ssrc);
  source->hasRtp = true;
  source->pendingRolloverCounter.reset();
  return true;
}

std::optional<std::uint32_t> CryptoContext::rolloverCounter(std::uint32_t ssrc) noexcept {
  const Source* source = findSource(ssrc);
  if (source == nullptr) return std::nullopt;
  if (source->pendingRolloverCounter) return source->pendingRolloverCounter;

  std::uint64_t index = 0;
  if (!source->hasRtp || srtp_get_stream_index(rtpSession(), ssrc, &index) != srtp_err_status_ok) {
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(index >> 16);
}

std::optional<RolloverFailure> CryptoContext::setRolloverCounter(
    std::uint32_t ssrc, std::uint32_t rolloverCounter) noexcept {
  Source* source = findSource(ssrc);
  if (source == nullptr) {
    if (isFull()) return RolloverFailure::tooManySources;
    if (srtp_add_stream_like_template(rtpSession(), ssrc) != srtp_err_status_ok) {
      return RolloverFailure::internal;
    }
    addSource(ssrc).pendingRolloverCounter = rolloverCounter;
    return std::nullopt;
  }

  // A source that only SRTCP came from has no stream yet where SRTCP has a session of its own.
  if (srtp_add_stream_like_template(rtpSession(), ssrc) != srtp_err_status_ok) {
    return RolloverFailure::internal;
  }
  std::uint64_t index = 0;
  srtp_get_stream_index(rtpSession(), ssrc, &index);
  if (!source->hasRtp) {
    source->pendingRolloverCounter = rolloverCounter;
  } else if (rolloverCounter < index >> 16) {
    return RolloverFailure::wentBack;
  } else if (rolloverCounter == index >> 16) {
    source->pendingRolloverCounter.reset();
  } else {
    source->pendingRolloverCounter = rolloverCounter;
  }
  return std::nullopt;
}

}  // namespace sallyport::srtp
