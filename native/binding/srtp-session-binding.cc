#include "binding/srtp-session-binding.h"

#include <algorithm>

#include "binding/arguments.h"
#include "binding/master-key-binding.h"
#include "binding/srtp-failure-codes.h"

namespace sallyport::binding {

namespace {

/// The arguments of both constructors: (keys, replayWindowPackets, maxSources, activeKey); each key
/// an object of `masterKey`, `mki` and `lifetimePackets`.
srtp::SessionOptions optionsOf(const Napi::CallbackInfo& info) {
  require(info.Env(), info[0].IsArray(), "Expected an array of keys.");
  const auto keys = info[0].As<Napi::Array>();
  srtp::SessionOptions options;
  for (std::uint32_t i = 0; i < keys.Length(); i++) {
    const Napi::Value value = keys[i];
    require(info.Env(), value.IsObject(), "Expected a key with its MKI and lifetime.");
    const auto key = value.As<Napi::Object>();
    const auto mki = octets(key.Get("mki"));
    options.keys.push_back({
        // Borrowed while the session is made: it keeps what it derives, not the key.
        .masterKey = std::shared_ptr<const srtp::MasterKey>(
            std::shared_ptr<void>(), &MasterKeyHandle::keyOf(key.Get("masterKey"))),
        .mki = {mki.begin(), mki.end()},
        .lifetimePackets = unsignedInteger(key.Get("lifetimePackets")),
    });
  }
  options.replayWindowPackets = uint32(info[1]);
  options.maxSources = uint32(info[2]);
  options.activeKey = uint32(info[3]);
  return options;
}

Napi::Value copyOf(Napi::Env env, std::span<const std::uint8_t> packet) {
  Napi::Uint8Array copy = Napi::Uint8Array::New(env, packet.size());
  std::ranges::copy(packet, copy.Data());
  return copy;
}

}  // namespace

template <typename Session>
SessionHandle<Session>::SessionHandle(const Napi::CallbackInfo& info) {
  auto made = Session::create(optionsOf(info));
  if (!made) throw Napi::RangeError::New(info.Env(), expectationOf(made.failure()));
  session_ = std::move(made).value();
}

template <typename Session>
Session& SessionHandle<Session>::session(Napi::Env env) const {
  if (!session_) {
    throwCoded(env, "SESSION_DESTROYED", "Expected a session that is alive, got a destroyed one.");
  }
  return *session_;
}

template <typename Session>
std::span<std::uint8_t> SessionHandle<Session>::workingCopy(std::span<const std::uint8_t> packet,
                                                            std::size_t spare) {
  if (scratch_.size() < packet.size() + spare) scratch_.resize(packet.size() + spare);
  std::ranges::copy(packet, scratch_.begin());
  return std::span(scratch_).first(packet.size() + spare);
}

template <typename Session>
Napi::Value SessionHandle<Session>::rolloverCounter(const Napi::CallbackInfo& info) {
  const auto counter = session(info.Env()).rolloverCounter(uint32(info[0]));
  return counter ? Napi::Number::New(info.Env(), *counter) : info.Env().Undefined();
}

template <typename Session>
Napi::Value SessionHandle<Session>::setRolloverCounter(const Napi::CallbackInfo& info) {
  const auto failure = session(info.Env()).setRolloverCounter(uint32(info[0]), uint32(info[1]));
  return failure ? Napi::String::New(info.Env(), codeOf(*failure)) : info.Env().Undefined();
}

template <typename Session>
Napi::Value SessionHandle<Session>::destroy(const Napi::CallbackInfo& info) {
  session_.reset();
  scratch_ = {};
  return info.Env().Undefined();
}

InboundHandle::InboundHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<InboundHandle>(info), SessionHandle(info) {}

template <auto unprotectPacket>
Napi::Value InboundHandle::unprotect(const Napi::CallbackInfo& info) {
  srtp::SrtpInbound& inbound = session(info.Env());
  const auto packet = octets(info[0]);
  if (packet.size() > srtp::kMaxPacketOctets) return Napi::String::New(info.Env(), "MALFORMED");

  const auto copy = workingCopy(packet, 0);
  const auto length = (inbound.*unprotectPacket)(copy);
  if (!length) return Napi::String::New(info.Env(), codeOf(length.failure()));
  return copyOf(info.Env(), copy.first(length.value()));
}

Napi::Function InboundHandle::define(Napi::Env env) {
  using Session = srtp::SrtpInbound;
  return DefineClass(
      env, "SrtpInbound",
      {
          InstanceMethod<&InboundHandle::unprotect<&Session::unprotectRtp>>("unprotectRtp"),
          InstanceMethod<&InboundHandle::unprotect<&Session::unprotectRtcp>>("unprotectRtcp"),
          InstanceMethod<&InboundHandle::getRolloverCounter>("rolloverCounter"),
          InstanceMethod<&InboundHandle::changeRolloverCounter>("setRolloverCounter"),
          InstanceMethod<&InboundHandle::close>("destroy"),
      });
}

OutboundHandle::OutboundHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<OutboundHandle>(info), SessionHandle(info) {}

template <auto protectPacket>
Napi::Value OutboundHandle::protect(const Napi::CallbackInfo& info) {
  srtp::SrtpOutbound& outbound = session(info.Env());
  const auto packet = octets(info[0]);
  if (packet.size() > srtp::kMaxPacketOctets) return Napi::String::New(info.Env(), "MALFORMED");

  const auto copy = workingCopy(packet, srtp::kMaxTrailerOctets);
  const auto length = (outbound.*protectPacket)(copy, packet.size());
  if (!length) return Napi::String::New(info.Env(), codeOf(length.failure()));
  return copyOf(info.Env(), copy.first(length.value()));
}

Napi::Function OutboundHandle::define(Napi::Env env) {
  using Session = srtp::SrtpOutbound;
  return DefineClass(
      env, "SrtpOutbound",
      {
          InstanceMethod<&OutboundHandle::protect<&Session::protectRtp>>("protectRtp"),
          InstanceMethod<&OutboundHandle::protect<&Session::protectRtcp>>("protectRtcp"),
          InstanceMethod<&OutboundHandle::getRolloverCounter>("rolloverCounter"),
          InstanceMethod<&OutboundHandle::changeRolloverCounter>("setRolloverCounter"),
          InstanceMethod<&OutboundHandle::close>("destroy"),
      });
}

template class SessionHandle<srtp::SrtpInbound>;
template class SessionHandle<srtp::SrtpOutbound>;

}  // namespace sallyport::binding
