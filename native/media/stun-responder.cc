#include "media/stun-responder.h"

#include <algorithm>

#include "media/stun-answer.h"
#include "media/stun-request.h"

namespace sallyport::media {

StunResponder::StunResponder(std::string_view usernameFragment,
                             std::span<const std::uint8_t> password)
    : isSigning_(true), prefix_(std::string(usernameFragment) + ":") {
  hmac_.setKey(password);
}

Result<std::size_t, StunRefusal> StunResponder::answer(std::span<std::uint8_t> room,
                                                       std::size_t length,
                                                       const TransportAddress& from,
                                                       std::uint64_t nowMs) noexcept {
  const auto request = StunRequest::parse(room.first(length));
  if (!request) return StunRefusal::notARequest;
  if (!rate_.take(nowMs)) return StunRefusal::tooMany;
  if (isSigning_ && !(isForUs(request->username()) && request->isSignedWith(hmac_))) {
    return StunRefusal::unauthenticated;
  }

  const bool isUnderstood = request->unknown().empty();
  const bool isFingerprinted = isSigning_ || request->hasFingerprint();
  StunAnswer answer(room, isUnderstood ? StunAnswer::Type::success : StunAnswer::Type::error,
                    request->transactionId());
  if (isUnderstood) {
    answer.addXorMappedAddress(from);
  } else {
    // Copied by the parser: the answer has begun to overwrite the request.
    answer.addUnknownAttributes(request->unknown());
  }
  if (isSigning_) answer.addIntegrity(hmac_);
  if (isFingerprinted) answer.addFingerprint();
  return answer.length();
}

bool StunResponder::isForUs(std::span<const std::uint8_t> username) const noexcept {
  return username.size() >= prefix_.size() &&
         std::equal(prefix_.begin(), prefix_.end(), username.begin(),
                    [](char ours, std::uint8_t theirs) {
                      return static_cast<std::uint8_t>(ours) == theirs;
                    });
}

}  // namespace sallyport::media
