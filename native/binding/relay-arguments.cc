#include "binding/relay-arguments.h"

#include <openssl/crypto.h>

#include <memory>
#include <string>
#include <utility>

#include "binding/address-arguments.h"
#include "binding/arguments.h"
#include "binding/srtp-failure-codes.h"
#include "srtp/key-vault.h"

namespace sallyport::binding {

namespace {

media::SourceRule readSourceRule(const std::string& kind) {
  if (kind == "learned") return media::SourceRule::learned;
  if (kind == "subnet") return media::SourceRule::subnet;
  if (kind == "signalling-address") return media::SourceRule::signallingAddress;
  return media::SourceRule::declared;
}

media::Direction readDirection(const std::string& name) {
  if (name == "sendonly") return media::Direction::sendonly;
  if (name == "recvonly") return media::Direction::recvonly;
  if (name == "inactive") return media::Direction::inactive;
  return media::Direction::sendrecv;
}

srtp::SessionKey claimKey(const Napi::Object& key) {
  auto claimed = srtp::KeyVault::ofProcess().claim(key.Get("slot").As<Napi::String>().Utf8Value());
  if (!claimed) {
    throwCoded(key.Env(), "KEY_SLOT_EMPTY", "Expected a key in the slot, got none.");
  }
  srtp::SessionKey sessionKey{std::make_shared<const srtp::MasterKey>(std::move(*claimed)), {}};
  if (const Napi::Value mki = key.Get("mki"); mki.IsTypedArray()) {
    const auto bytes = octets(mki);
    sessionKey.mki.assign(bytes.begin(), bytes.end());
  }
  if (const Napi::Value lifetime = key.Get("lifetimePackets"); lifetime.IsNumber()) {
    sessionKey.lifetimePackets = unsignedInteger(lifetime);
  }
  return sessionKey;
}

srtp::SessionOptions claimKeys(const Napi::Object& session) {
  srtp::SessionOptions options;
  const auto keys = session.Get("keys").As<Napi::Array>();
  for (std::uint32_t i = 0; i < keys.Length(); ++i) {
    options.keys.push_back(claimKey(keys.Get(i).As<Napi::Object>()));
  }
  if (const Napi::Value window = session.Get("replayWindowPackets"); window.IsNumber()) {
    options.replayWindowPackets = uint32(window);
  }
  if (session.Get("whenExpired").StrictEquals(Napi::String::New(session.Env(), "alert"))) {
    options.expiry = srtp::ExpiryRule::alert;
  }
  return options;
}

srtp::RolloverRule readRolloverRule(const Napi::Object& session) {
  const bool isReset =
      session.Get("rollover").StrictEquals(Napi::String::New(session.Env(), "reset"));
  return isReset ? srtp::RolloverRule::reset : srtp::RolloverRule::keep;
}

srtp::InboundRules readInboundRules(const Napi::Object& session) {
  srtp::InboundRules rules{.rollover = readRolloverRule(session)};
  if (const Napi::Value grace = session.Get("rekeyGraceMs"); grace.IsNumber()) {
    rules.graceMs = uint32(grace);
  }
  if (const Napi::Value rollovers = session.Get("lateJoinRollovers"); rollovers.IsNumber()) {
    rules.lateJoinRollovers = uint32(rollovers);
  }
  return rules;
}

std::unique_ptr<media::StunResponder> makeStunResponder(const Napi::Object& stun) {
  const Napi::Value password = stun.Get("password");
  if (!password.IsString()) return std::make_unique<media::StunResponder>();
  const std::string fragment = stun.Get("usernameFragment").As<Napi::String>();
  std::string secret = password.As<Napi::String>();
  auto responder = std::make_unique<media::StunResponder>(
      fragment, std::span(reinterpret_cast<const std::uint8_t*>(secret.data()), secret.size()));
  OPENSSL_cleanse(secret.data(), secret.size());
  return responder;
}

media::LegMonitoring readMonitoring(const Napi::Object& settings) {
  media::LegMonitoring monitoring;
  const auto clocks = settings.Get("clocks").As<Napi::Array>();
  for (std::uint32_t i = 0; i < clocks.Length(); ++i) {
    const auto clock = clocks.Get(i).As<Napi::Object>();
    monitoring.clocks.push_back(
        {.payloadType = static_cast<std::uint8_t>(uint32(clock.Get("payloadType"))),
         .clockHz = uint32(clock.Get("clockHz"))});
  }
  monitoring.rtpTimeoutMs = uint32(settings.Get("rtpTimeoutMs"));
  monitoring.rtcpTimeoutMs = uint32(settings.Get("rtcpTimeoutMs"));
  return monitoring;
}

template <typename Session>
std::unique_ptr<Session> makeSession(Napi::Env env, const srtp::SessionOptions& options) {
  auto session = Session::create(options);
  if (!session.ok()) {
    const bool isReused = session.failure() == srtp::SessionFailure::keyReused;
    throwCoded(env, isReused ? "OUTBOUND_KEY_REUSED" : "SESSION_REFUSED",
               expectationOf(session.failure()));
  }
  return std::move(session).value();
}

}  // namespace

media::LegConfiguration readLegConfiguration(const Napi::Object& settings) {
  const Napi::Env env = settings.Env();
  media::LegConfiguration configuration;
  configuration.remoteRtp = readTransportAddress(settings.Get("remoteRtp"));
  configuration.remoteRtcp = readTransportAddress(settings.Get("remoteRtcp"));
  configuration.isMultiplexed = settings.Get("isMultiplexed").As<Napi::Boolean>();
  configuration.source = readSourceRule(settings.Get("source").As<Napi::String>());
  configuration.direction = readDirection(settings.Get("direction").As<Napi::String>());
  if (const Napi::Value block = settings.Get("sourceBlock"); block.IsObject()) {
    const auto network = block.As<Napi::Object>();
    configuration.sourceBlock = {readAddress(network.Get("address")),
                                 static_cast<std::uint8_t>(uint32(network.Get("prefixBits")))};
  }
  if (const Napi::Value stun = settings.Get("stun"); stun.IsObject()) {
    configuration.stun = makeStunResponder(stun.As<Napi::Object>());
  }
  configuration.reportsDtls = settings.Get("reportsDtls").ToBoolean();
  configuration.mayMove = settings.Get("mayMove").ToBoolean();
  if (const Napi::Value types = settings.Get("payloadTypes"); types.IsArray()) {
    const auto list = types.As<Napi::Array>();
    configuration.payloadTypes.reset();
    for (std::uint32_t i = 0; i < list.Length(); ++i) {
      const std::uint32_t type = uint32(list.Get(i));
      if (type < configuration.payloadTypes.size()) configuration.payloadTypes.set(type);
    }
  }

  configuration.monitoring = readMonitoring(settings);
  configuration.maxSources = uint32(settings.Get("maxSources"));
  configuration.passesReflections = settings.Get("passesReflections").ToBoolean();
  configuration.isClear = settings.Get("isClear").As<Napi::Boolean>();
  if (const Napi::Value inbound = settings.Get("inbound"); inbound.IsObject()) {
    const auto session = inbound.As<Napi::Object>();
    srtp::SessionOptions options = claimKeys(session);
    options.maxSources = static_cast<std::uint32_t>(configuration.maxSources);
    configuration.inboundRules = readInboundRules(session);
    configuration.inbound = makeSession<srtp::SrtpInbound>(env, options);
    configuration.tagOctets = srtp::traitsOf(options.keys.at(0).masterKey->suite()).rtpTagOctets;
  }
  if (const Napi::Value outbound = settings.Get("outbound"); outbound.IsObject()) {
    const auto session = outbound.As<Napi::Object>();
    srtp::SessionOptions options = claimKeys(session);
    options.mustOwnKeys = true;
    // Which streams leave is for the other leg's limit to say.
    options.maxSources = srtp::kMaxSentSources;
    configuration.outbound = makeSession<srtp::SrtpOutbound>(env, options);
    configuration.outboundRollover = readRolloverRule(session);
  }
  return configuration;
}

}  // namespace sallyport::binding
