#include "media/origin-guard.h"

#include <utility>

namespace sallyport::media {

namespace {

/// How long packets that were under way when the signalling moved the peer may still arrive.
constexpr std::uint64_t kFormerAddressMs = 2000;

}  // namespace

OriginGuard::OriginGuard(const GuardSettings& settings) noexcept
    : state_(settings.rule == SourceRule::declared ? State::settled : State::unsettled),
      settings_(settings),
      destination_(settings.declared) {}

void OriginGuard::change(const GuardSettings& settings, Peer peer, std::uint64_t nowMs) noexcept {
  if (state_ == State::closed || peer == Peer::other) {
    *this = OriginGuard(settings);
    return;
  }
  if (settings == settings_) {
    if (peer == Peer::rekeyed && settings.rule != SourceRule::declared) {
      state_ = State::unsettled;
      proofs_ = 0;
    }
    return;
  }

  const TransportAddress before = destination_;
  *this = OriginGuard(settings);
  if (before == destination_) return;
  former_ = before;
  formerUntilMs_ = nowMs + kFormerAddressMs;
}

OriginGuard::Verdict OriginGuard::ask(const TransportAddress& from, std::uint64_t nowMs) noexcept {
  switch (state_) {
    case State::closed:
      return Verdict::wrongSource;
    case State::settled:
      if (from == destination_) {
        // Whoever else proved himself is no peer that moved away from here.
        proofs_ = 0;
        return Verdict::admitted;
      }
      if (isFormer(from, nowMs)) return Verdict::admitted;
      if (settings_.proofsToMove == 0 || !isInReach(from)) return Verdict::wrongSource;
      if (proofs_ > 0 && from == candidate_) return Verdict::admitted;
      return tries_.allows(from, nowMs) ? Verdict::admitted : Verdict::wrongSource;
    case State::unsettled:
      if (isFormer(from, nowMs)) return Verdict::admitted;
      if (!isInReach(from)) return Verdict::wrongSource;
      // Strangers cannot use up the tries of these.
      if (from == settings_.declared || (proofs_ > 0 && from == candidate_)) {
        return Verdict::admitted;
      }
      return tries_.allows(from, nowMs) ? Verdict::admitted : Verdict::unproven;
  }
  return Verdict::wrongSource;
}

std::optional<SourceChange> OriginGuard::onVouched(const TransportAddress& from) noexcept {
  if (isSettled() && from == destination_) {
    formerUntilMs_ = 0;
    return std::nullopt;
  }
  // The signalling has just moved the peer away from there: it settles nothing yet.
  if (formerUntilMs_ != 0 && from == former_) return std::nullopt;
  if (!isInReach(from)) return std::nullopt;
  const std::uint8_t needed = isSettled() ? settings_.proofsToMove : settings_.proofsToSettle;
  if (needed == 0) return std::nullopt;

  if (proofs_ > 0 && from == candidate_) {
    ++proofs_;
  } else {
    candidate_ = from;
    proofs_ = 1;
  }
  if (proofs_ < needed) return std::nullopt;

  const auto kind = isSettled() ? SourceChange::Kind::moved : SourceChange::Kind::learned;
  state_ = State::settled;
  proofs_ = 0;
  formerUntilMs_ = 0;
  return SourceChange{kind, from, std::exchange(destination_, from)};
}

void OriginGuard::onRefuted(const TransportAddress& from, std::uint64_t nowMs) noexcept {
  // Failures from elsewhere do not count against the candidate: anybody could send them.
  if (from == candidate_) proofs_ = 0;
  const TransportAddress& known = isSettled() ? destination_ : settings_.declared;
  if (from != known) tries_.spend(from, nowMs);
}

bool OriginGuard::isInReach(const TransportAddress& from) const noexcept {
  switch (settings_.rule) {
    case SourceRule::declared:
      return from == settings_.declared;
    case SourceRule::learned:
      return true;
    case SourceRule::subnet:
    case SourceRule::signallingAddress:
      return settings_.block.contains(from);
  }
  return false;
}

bool OriginGuard::isFormer(const TransportAddress& from, std::uint64_t nowMs) noexcept {
  if (nowMs >= formerUntilMs_) formerUntilMs_ = 0;
  return formerUntilMs_ != 0 && from == former_;
}

}  // namespace sallyport::media
