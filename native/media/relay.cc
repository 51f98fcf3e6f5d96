#include "media/relay.h"

#include <algorithm>
#include <utility>

namespace sallyport::media {

namespace {

constexpr std::uint64_t kWrongSourceEventIntervalMs = 1000;

/// Streams that a leg hears from now on; empty where they are as before. A session of SRTP limits
/// its own, and streams of the keys before it are in the table beside them.
std::optional<std::size_t> streamLimit(const LegConfiguration& configuration) noexcept {
  if (configuration.isClear) return configuration.maxSources;
  if (!configuration.inbound) return std::nullopt;
  return std::max<std::size_t>(configuration.maxSources, srtp::kDefaultMaxSources);
}

}  // namespace

std::optional<ConfigureFailure> Relay::configure(std::size_t leg, LegConfiguration configuration,
                                                 std::uint64_t nowMs) noexcept {
  Side& side = sides_[leg];
  if (side.leg.wouldMixDirections(configuration, sides_[otherLeg(leg)].leg)) {
    return ConfigureFailure::keyInBothDirections;
  }
  const TransportAddress remote = configuration.remoteRtp;
  const bool isOtherSender = configuration.inbound || remote != side.remoteRtp;
  const auto maxStreams = streamLimit(configuration);
  LegMonitoring monitoring = std::exchange(configuration.monitoring, {});
  if (const auto failure = side.leg.configure(std::move(configuration), nowMs)) return failure;
  monitor(leg, std::move(monitoring));
  side.hasReportedFirstPacket = false;
  side.remoteRtp = remote;
  if (maxStreams) streams_.arrivingOn(leg).maxStreams = *maxStreams;
  if (isOtherSender) streams_.onSenderChange(leg);
  return std::nullopt;
}

std::optional<Departure> Relay::receive(Arrival arrival, std::uint64_t nowMs) noexcept {
  Leg& leg = sides_[arrival.leg].leg;
  arrival.channel = leg.channelOf(arrival);
  LegStatistics& statistics = leg.statistics;
  if (arrival.channel == Channel::rtp) {
    ++statistics.receivedPackets;
    statistics.receivedOctets += arrival.length;
  } else {
    ++statistics.receivedRtcp;
  }

  if (const auto refusal = leg.admit(arrival, nowMs)) {
    statistics.countDropped(*refusal);
    if (refusal == DropReason::wrongSource || refusal == DropReason::unprovenSource) {
      noteWrongSource(arrival, nowMs);
    }
    return std::nullopt;
  }
  const DatagramKind kind = classifyDatagram(arrival.room.first(arrival.length));
  if (kind != DatagramKind::media) return receiveOther(arrival, kind, nowMs);

  const auto opened = open(arrival, nowMs);
  const auto carried = opened.ok() ? carry(arrival, opened.value()) : opened;
  if (!carried.ok()) {
    statistics.countDropped(carried.failure());
    return std::nullopt;
  }
  const std::size_t other = otherLeg(arrival.leg);
  const Leg& onward = sides_[other].leg;
  return Departure{other, arrival.channel, onward.portFor(arrival.channel), carried.value(),
                   onward.destination(arrival.channel)};
}

Result<std::size_t, DropReason> Relay::open(const Arrival& arrival, std::uint64_t nowMs) noexcept {
  Side& side = sides_[arrival.leg];
  const bool isRtp = arrival.channel == Channel::rtp;
  const auto opened = side.leg.open(arrival, nowMs);
  if (const auto notice = side.leg.takeInboundNotice()) noteKey(arrival.leg, *notice, false);
  if (!opened.ok()) return opened;
  if (isRtp &&
      !streams_.admitsRtp(arrival.leg, arrival.room.first(opened.value()), arrival.arrivedUs)) {
    return DropReason::tooManySources;
  }

  const auto refusal = side.leg.accept(arrival);
  noteSourceChange(arrival);
  if (refusal) return *refusal;
  if (isRtp) noteFirstPacket(arrival);
  (isRtp ? side.rtpSilence : side.rtcpSilence).onPacket(nowMs);
  return opened;
}

Result<std::size_t, DropReason> Relay::carry(const Arrival& arrival, std::size_t length) noexcept {
  const std::size_t other = otherLeg(arrival.leg);
  Leg& onward = sides_[other].leg;
  const auto packet = arrival.room.first(length);
  const auto refusal =
      arrival.channel == Channel::rtp
          ? streams_.carryRtp(arrival.leg, packet, onward.sends(Channel::rtp), arrival.arrivedUs)
          : streams_.carryRtcp(arrival.leg, packet, arrival.arrivedUs);
  if (refusal) return *refusal;
  const auto sealed = onward.seal(arrival.channel, arrival.room, length);
  if (const auto notice = onward.takeOutboundNotice()) noteKey(other, *notice, true);
  return sealed;
}

std::optional<Departure> Relay::receiveOther(const Arrival& arrival, DatagramKind kind,
                                             std::uint64_t nowMs) noexcept {
  Leg& leg = sides_[arrival.leg].leg;
  const SideOutcome outcome = leg.receiveOther(arrival, kind, nowMs);
  if (outcome.isReported) {
    RelayEvent event{.kind = RelayEvent::Kind::zrtp,
                     .leg = arrival.leg,
                     .from = arrival.from,
                     .channel = arrival.channel};
    if (kind == DatagramKind::dtls) {
      event.kind = RelayEvent::Kind::dtls;
      event.octets = arrival.room.first(arrival.length);
    }
    events_.raise(event);
  }
  if (outcome.dropped) {
    leg.statistics.countDropped(*outcome.dropped);
    return std::nullopt;
  }
  if (outcome.answerOctets > 0) {
    return Departure{arrival.leg,          arrival.channel, arrival.channel,
                     outcome.answerOctets, arrival.from,    true};
  }
  leg.statistics.countHandled(HandledKind::dtls);
  return std::nullopt;
}

void Relay::onSent(const Departure& departure) noexcept {
  LegStatistics& statistics = sides_[departure.leg].leg.statistics;
  if (departure.isAnswer) {
    statistics.countHandled(HandledKind::stun);
    return;
  }
  if (departure.channel == Channel::rtp) {
    ++statistics.sentPackets;
    statistics.sentOctets += departure.length;
  } else {
    ++statistics.sentRtcp;
  }
}

void Relay::onUnsent(const Departure& departure, DropReason reason) noexcept {
  const std::size_t cameOn = departure.isAnswer ? departure.leg : otherLeg(departure.leg);
  sides_[cameOn].leg.statistics.countDropped(reason);
}

void Relay::onTick(std::uint64_t nowMs) noexcept {
  for (std::size_t leg = 0; leg < sides_.size(); ++leg) {
    Side& side = sides_[leg];
    side.leg.onTick(nowMs);
    if (side.rtpSilence.isDue(nowMs, side.leg.expectsRtp())) {
      events_.raise({.kind = RelayEvent::Kind::rtpTimeout, .leg = leg});
    }
    if (side.rtcpSilence.isDue(nowMs, true)) {
      events_.raise({.kind = RelayEvent::Kind::rtcpTimeout, .leg = leg});
    }
  }
}

void Relay::monitor(std::size_t leg, LegMonitoring monitoring) noexcept {
  sides_[leg].rtpSilence.setTimeout(monitoring.rtpTimeoutMs);
  sides_[leg].rtcpSilence.setTimeout(monitoring.rtcpTimeoutMs);
  streams_.arrivingOn(leg).clocks = PayloadClocks(std::move(monitoring.clocks));
}

void Relay::noteWrongSource(const Arrival& arrival, std::uint64_t nowMs) noexcept {
  Side& side = sides_[arrival.leg];
  if (side.wrongSourceReportedMs &&
      nowMs - *side.wrongSourceReportedMs < kWrongSourceEventIntervalMs) {
    ++side.suppressed;
    return;
  }
  side.wrongSourceReportedMs = nowMs;
  events_.raise({RelayEvent::Kind::wrongSource, arrival.leg, arrival.from,
                 std::exchange(side.suppressed, 0)});
}

void Relay::noteKey(std::size_t leg, srtp::KeyNotice notice, bool isOurs) noexcept {
  using Kind = RelayEvent::Kind;
  const Kind expired = isOurs ? Kind::ownKeyExpired : Kind::peerKeyExpired;
  events_.raise({notice == srtp::KeyNotice::rekeyDue ? Kind::rekeyDue : expired, leg, {}, 0});
}

void Relay::noteFirstPacket(const Arrival& arrival) noexcept {
  Side& side = sides_[arrival.leg];
  if (side.hasReportedFirstPacket) return;
  side.hasReportedFirstPacket = true;
  events_.raise({RelayEvent::Kind::firstPacket, arrival.leg, arrival.from, 0});
}

void Relay::noteSourceChange(const Arrival& arrival) noexcept {
  Leg& leg = sides_[arrival.leg].leg;
  const auto change = leg.takeSourceChange();
  if (!change) return;
  const bool isMove = change->kind == SourceChange::Kind::moved;
  events_.raise({.kind = isMove ? RelayEvent::Kind::sourceMoved : RelayEvent::Kind::sourceLearned,
                 .leg = arrival.leg,
                 .from = change->from,
                 .channel = arrival.channel,
                 .previous = change->previous,
                 .isAuthenticated = !leg.isClear()});
}

}  // namespace sallyport::media
