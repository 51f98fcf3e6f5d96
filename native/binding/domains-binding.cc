#include "binding/domains-binding.h"

#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "base/secret-memory.h"
#include "binding/arguments.h"
#include "binding/master-key-binding.h"
#include "domains/private-channel.h"
#include "domains/process-hardening.h"
#include "domains/socket-pair.h"

namespace sallyport::binding {

namespace {

int descriptorOf(const Napi::Value& value) {
  const std::uint32_t number = uint32(value);
  require(value.Env(), number <= 0x7fff'ffff, "Expected a descriptor.");
  return static_cast<int>(number);
}

[[noreturn]] void throwSystem(Napi::Env env, const domains::SystemFailure& failure) {
  throwCoded(env, "DOMAIN_LINK_FAILED", std::strerror(failure.code));
}

Napi::Value hardenProcess(const Napi::CallbackInfo& info) {
  const domains::Hardening granted = domains::hardenProcess();
  Napi::Object report = Napi::Object::New(info.Env());
  report.Set("isUndumpable", granted.isUndumpable);
  report.Set("hasNoCore", granted.hasNoCore);
  return report;
}

/// Octets in pages of their own for keys, and how many of them are locked.
Napi::Value secretMemory(const Napi::CallbackInfo& info) {
  const SecretMemory& memory = SecretMemory::ofProcess();
  Napi::Object report = Napi::Object::New(info.Env());
  report.Set("octets", static_cast<double>(memory.octets()));
  report.Set("lockedOctets", static_cast<double>(memory.lockedOctets()));
  return report;
}

Napi::Value createSocketPair(const Napi::CallbackInfo& info) {
  require(info.Env(), info[0].IsBoolean(), "Expected whether records are kept whole.");
  auto pair = domains::createSocketPair(info[0].As<Napi::Boolean>() ? domains::PairKind::records
                                                                    : domains::PairKind::stream);
  if (!pair) throwSystem(info.Env(), pair.failure());
  Napi::Array both = Napi::Array::New(info.Env(), 2);
  both.Set(0u, pair.value()[0]);
  both.Set(1u, pair.value()[1]);
  return both;
}

Napi::Value closeDescriptor(const Napi::CallbackInfo& info) {
  ::close(descriptorOf(info[0]));
  return info.Env().Undefined();
}

class PrivateChannel final : public Napi::ObjectWrap<PrivateChannel> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "PrivateChannel",
                       {
                           InstanceMethod<&PrivateChannel::sendKey>("sendKey"),
                           InstanceMethod<&PrivateChannel::sendDescriptor>("sendDescriptor"),
                           InstanceMethod<&PrivateChannel::drain>("drain"),
                           InstanceMethod<&PrivateChannel::takeDescriptor>("takeDescriptor"),
                           InstanceMethod<&PrivateChannel::refused>("refused"),
                           InstanceMethod<&PrivateChannel::close>("close"),
                       });
  }

  /// `new PrivateChannel(descriptor, receives, exitAfterMs)`; 0 for `exitAfterMs` is never.
  explicit PrivateChannel(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    require(info.Env(), info[1].IsBoolean(), "Expected whether the channel receives.");
    const std::uint32_t exitAfterMs = uint32(info[2]);
    channel_ = std::make_unique<domains::PrivateChannel>(
        descriptorOf(info[0]),
        info[1].As<Napi::Boolean>() ? domains::ChannelRole::receiver : domains::ChannelRole::sender,
        exitAfterMs == 0 ? -1 : static_cast<int>(exitAfterMs));
  }

 private:
  domains::PrivateChannel& channel(Napi::Env env) {
    if (!channel_) throwCoded(env, "KEY_CHANNEL_CLOSED", "Expected an open key channel.");
    return *channel_;
  }

  [[noreturn]] static void throwSend(Napi::Env env, domains::SendFailure failure) {
    switch (failure) {
      case domains::SendFailure::closed:
        throwCoded(env, "KEY_CHANNEL_CLOSED", "Expected an open key channel.");
      case domains::SendFailure::full:
        throwCoded(env, "KEY_CHANNEL_FULL", "Expected room in the key channel.");
      case domains::SendFailure::randomSourceFailed:
        throwCoded(env, "RANDOM_SOURCE_FAILED", "Expected random bytes from OpenSSL, got none.");
    }
    throwCoded(env, "INTERNAL", "Expected a known reason.");
  }

  Napi::Value sendKey(const Napi::CallbackInfo& info) {
    auto slot = channel(info.Env()).sendKey(MasterKeyHandle::keyOf(info[0]));
    if (!slot) throwSend(info.Env(), slot.failure());
    return Napi::String::New(info.Env(), slot.value());
  }

  Napi::Value sendDescriptor(const Napi::CallbackInfo& info) {
    const auto failure = channel(info.Env()).sendDescriptor(descriptorOf(info[0]));
    if (failure) throwSend(info.Env(), *failure);
    return info.Env().Undefined();
  }

  Napi::Value drain(const Napi::CallbackInfo& info) {
    channel(info.Env()).drain();
    return info.Env().Undefined();
  }

  Napi::Value takeDescriptor(const Napi::CallbackInfo& info) {
    const auto descriptor = channel(info.Env()).takeDescriptor();
    return descriptor ? Napi::Number::New(info.Env(), *descriptor) : info.Env().Undefined();
  }

  Napi::Value refused(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(channel(info.Env()).refused()));
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    channel_.reset();
    return info.Env().Undefined();
  }

  std::unique_ptr<domains::PrivateChannel> channel_;
};

}  // namespace

void registerDomains(Napi::Env env, Napi::Object exports) {
  exports.Set("hardenProcess", Napi::Function::New(env, hardenProcess));
  exports.Set("secretMemory", Napi::Function::New(env, secretMemory));
  exports.Set("createSocketPair", Napi::Function::New(env, createSocketPair));
  exports.Set("closeDescriptor", Napi::Function::New(env, closeDescriptor));
  exports.Set("PrivateChannel", PrivateChannel::define(env));
}

}  // namespace sallyport::binding
