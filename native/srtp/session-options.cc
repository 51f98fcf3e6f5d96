#include "srtp/session-options.h"

#include <algorithm>

namespace sallyport::srtp {

std::optional<SessionFailure> findFault(const SessionOptions& options) {
  const std::vector<SessionKey>& keys = options.keys;
  if (keys.empty()) return SessionFailure::noKey;
  if (keys.size() > kMaxKeysPerSession) return SessionFailure::tooManyKeys;
  if (options.activeKey >= keys.size()) return SessionFailure::activeKeyOutOfRange;
  if (options.replayWindowPackets < kMinReplayWindowPackets ||
      options.replayWindowPackets > kMaxReplayWindowPackets) {
    return SessionFailure::replayWindowOutOfRange;
  }
  if (options.maxSources < 1 || options.maxSources > kMaxSentSources) {
    return SessionFailure::maxSourcesOutOfRange;
  }

  for (auto key = keys.begin(); key != keys.end(); ++key) {
    if (key->masterKey == nullptr) return SessionFailure::noKey;
    if (key->masterKey->suite() != keys.front().masterKey->suite()) {
      return SessionFailure::mixedSuites;
    }
    if (key->lifetimePackets < 1 || key->lifetimePackets > kMaxRtpPacketsPerKey) {
      return SessionFailure::lifetimeOutOfRange;
    }
    if (key->mki.size() > kMaxMkiOctets) return SessionFailure::mkiTooLong;
    if (keys.size() > 1 && key->mki.empty()) return SessionFailure::mkiMissing;
    if (key->mki.size() != keys.front().mki.size()) return SessionFailure::mkiLengthsDiffer;
    if (std::any_of(keys.begin(), key,
                    [&](const SessionKey& other) { return other.mki == key->mki; })) {
      return SessionFailure::mkiRepeated;
    }
  }
  return std::nullopt;
}

}  // namespace sallyport::srtp
