#include "media/origin-guard.h"

namespace sallyport::media {

OriginGuard OriginGuard::declared(const TransportAddress& remote) noexcept {
  return {Rule::declared, Scope::exact, remote, {}, 0};
}

OriginGuard OriginGuard::learned(const TransportAddress& remote,
                                 std::uint8_t proofsNeeded) noexcept {
  return {Rule::learned, Scope::anybody, remote, {}, proofsNeeded};
}

OriginGuard OriginGuard::signallingAddress(const TransportAddress& remote,
                                           const TransportAddress& host) noexcept {
  return {Rule::signallingAddress, Scope::host, remote, host.withPort(0), 1};
}

bool OriginGuard::admits(const TransportAddress& from) const noexcept {
  switch (scope_) {
    case Scope::nobody:
      return false;
    case Scope::exact:
      return from == destination_;
    case Scope::host:
      return from.isSameHost(host_);
    case Scope::anybody:
      return true;
  }
  return false;
}

void OriginGuard::onVouched(const TransportAddress& from) noexcept {
  if (isSettled()) return;
  if (from == candidate_) {
    ++proofs_;
  } else {
    candidate_ = from;
    proofs_ = 1;
  }
  if (proofs_ >= proofsNeeded_) {
    scope_ = Scope::exact;
    destination_ = from;
  }
}

void OriginGuard::onRefuted(const TransportAddress& from) noexcept {
  // Failures from elsewhere do not count against the candidate: anybody could send them.
  if (from == candidate_) proofs_ = 0;
}

bool OriginGuard::hasSameRule(const OriginGuard& other) const noexcept {
  return rule_ == other.rule_ && proofsNeeded_ == other.proofsNeeded_ &&
         declared_ == other.declared_ && host_ == other.host_;
}

}  // namespace sallyport::media
