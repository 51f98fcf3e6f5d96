#include "binding/relay-messages.h"

#include <string>
#include <variant>
#include <vector>

#include "binding/stream-messages.h"

namespace sallyport::binding {

namespace {

const char* codeOf(net::CommandFailure failure) noexcept {
  switch (failure) {
    case net::CommandFailure::unknownRelay:
      return "UNKNOWN_RELAY";
    case net::CommandFailure::pollerRefused:
      return "POLLER_REFUSED";
    case net::CommandFailure::noSession:
      return "NO_SESSION";
    case net::CommandFailure::learningNeedsSrtp:
      return "LEARNING_NEEDS_SRTP";
    case net::CommandFailure::keyInBothDirections:
      return "KEY_IN_BOTH_DIRECTIONS";
    case net::CommandFailure::remoteNotUnicast:
      return "REMOTE_NOT_UNICAST";
    case net::CommandFailure::remoteIsOurselves:
      return "REMOTE_IS_OURSELVES";
  }
  return "INTERNAL";
}

const char* nameOf(media::RelayEvent::Kind kind) noexcept {
  switch (kind) {
    case media::RelayEvent::Kind::wrongSource:
      return "wrong-source";
    case media::RelayEvent::Kind::firstPacket:
      return "first-packet";
    case media::RelayEvent::Kind::sourceLearned:
      return "source-learned";
    case media::RelayEvent::Kind::sourceMoved:
      return "source-moved";
    case media::RelayEvent::Kind::dtls:
      return "dtls";
    case media::RelayEvent::Kind::zrtp:
      return "zrtp";
    case media::RelayEvent::Kind::rekeyDue:
      return "rekey-due";
    case media::RelayEvent::Kind::peerKeyExpired:
      return "peer-key-expired";
    case media::RelayEvent::Kind::ownKeyExpired:
      return "own-key-expired";
    case media::RelayEvent::Kind::rtpTimeout:
      return "rtp-timeout";
    case media::RelayEvent::Kind::rtcpTimeout:
      return "rtcp-timeout";
  }
  return "";
}

Napi::Number count(Napi::Env env, std::uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

Napi::Object toObject(Napi::Env env, const net::LegReport& statistics) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("receivedPackets", count(env, statistics.receivedPackets));
  object.Set("receivedOctets", count(env, statistics.receivedOctets));
  object.Set("receivedRtcp", count(env, statistics.receivedRtcp));
  object.Set("sentPackets", count(env, statistics.sentPackets));
  object.Set("sentOctets", count(env, statistics.sentOctets));
  object.Set("sentRtcp", count(env, statistics.sentRtcp));
  Napi::Object dropped = Napi::Object::New(env);
  for (std::size_t i = 0; i < media::kDropReasonNames.size(); ++i) {
    dropped.Set(std::string(media::kDropReasonNames[i]), count(env, statistics.dropped[i]));
  }
  object.Set("dropped", dropped);
  Napi::Object handled = Napi::Object::New(env);
  for (std::size_t i = 0; i < media::kHandledKindNames.size(); ++i) {
    handled.Set(std::string(media::kHandledKindNames[i]), count(env, statistics.handled[i]));
  }
  object.Set("handled", handled);
  Napi::Array streams = Napi::Array::New(env, statistics.streams.size());
  for (std::uint32_t i = 0; i < statistics.streams.size(); ++i) {
    streams.Set(i, streamToObject(env, statistics.streams[i]));
  }
  object.Set("streams", streams);
  if (statistics.roundTripUs) object.Set("roundTripUs", count(env, *statistics.roundTripUs));
  return object;
}

Napi::Object toObject(Napi::Env env, const net::Reply& reply) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("request", Napi::Number::New(env, reply.request));
  if (const auto* failure = std::get_if<net::CommandFailure>(&reply.body)) {
    object.Set("code", Napi::String::New(env, codeOf(*failure)));
  } else if (const auto* statistics = std::get_if<net::RelayStatistics>(&reply.body)) {
    Napi::Array legs = Napi::Array::New(env, statistics->size());
    for (std::uint32_t leg = 0; leg < statistics->size(); ++leg) {
      legs.Set(leg, toObject(env, (*statistics)[leg]));
    }
    object.Set("statistics", legs);
  }
  return object;
}

Napi::Object toObject(Napi::Env env, const media::TransportAddress& address) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("address", Napi::String::New(env, address.addressText()));
  object.Set("port", Napi::Number::New(env, address.port()));
  return object;
}

Napi::Object toObject(Napi::Env env, const net::Event& message) {
  const media::RelayEvent& event = message.event;
  Napi::Object object = Napi::Object::New(env);
  object.Set("event", Napi::String::New(env, nameOf(event.kind)));
  object.Set("relay", Napi::Number::New(env, message.relay));
  object.Set("leg", count(env, event.leg));
  object.Set("from", toObject(env, event.from));
  switch (event.kind) {
    case media::RelayEvent::Kind::wrongSource:
    case media::RelayEvent::Kind::firstPacket:
      object.Set("suppressed", count(env, event.suppressed));
      break;
    case media::RelayEvent::Kind::sourceLearned:
    case media::RelayEvent::Kind::sourceMoved:
      object.Set("channel", event.channel == media::Channel::rtp ? "rtp" : "rtcp");
      object.Set("previous", toObject(env, event.previous));
      object.Set("authenticated", event.isAuthenticated);
      break;
    case media::RelayEvent::Kind::dtls:
      object.Set("channel", event.channel == media::Channel::rtp ? "rtp" : "rtcp");
      object.Set("octets", Napi::Buffer<std::uint8_t>::Copy(env, message.octets.data(),
                                                            message.octets.size()));
      break;
    case media::RelayEvent::Kind::zrtp:
      object.Set("channel", event.channel == media::Channel::rtp ? "rtp" : "rtcp");
      break;
    case media::RelayEvent::Kind::rekeyDue:
    case media::RelayEvent::Kind::peerKeyExpired:
    case media::RelayEvent::Kind::ownKeyExpired:
    case media::RelayEvent::Kind::rtpTimeout:
    case media::RelayEvent::Kind::rtcpTimeout:
      break;
  }
  return object;
}

}  // namespace

Napi::Object portsToObject(Napi::Env env, const net::LegPorts& ports) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("rtp", Napi::Number::New(env, ports.rtp));
  object.Set("rtcp", Napi::Number::New(env, ports.rtcp));
  return object;
}

Napi::Object loadToObject(Napi::Env env, const net::MediaPlane& plane, std::size_t interfaces) {
  const std::vector<std::size_t> load = plane.load();
  Napi::Array relays = Napi::Array::New(env, load.size());
  for (std::uint32_t i = 0; i < load.size(); ++i) relays.Set(i, count(env, load[i]));
  Napi::Array unavailable = Napi::Array::New(env, interfaces);
  for (std::uint32_t i = 0; i < interfaces; ++i) {
    unavailable.Set(i, count(env, plane.unavailablePorts(i)));
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("relays", relays);
  object.Set("unavailablePorts", unavailable);
  return object;
}

Napi::Object limitsToObject(Napi::Env env, const net::SystemLimits& limits) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("descriptorLimit", count(env, limits.descriptors));
  object.Set("receiveBufferOctets", Napi::Number::New(env, limits.buffers.receiveOctets));
  object.Set("sendBufferOctets", Napi::Number::New(env, limits.buffers.sendOctets));
  return object;
}

Napi::Object messageToObject(Napi::Env env, const net::Message& message) {
  return std::visit([&](const auto& body) { return toObject(env, body); }, message);
}

}  // namespace sallyport::binding
