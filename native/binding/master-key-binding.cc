#include "binding/master-key-binding.h"

#include <algorithm>
#include <string>

#include "binding/arguments.h"
#include "srtp/key-vault.h"

namespace sallyport::binding {

namespace {

constexpr napi_type_tag kTypeTag = {0x8b0e6f6d5f7d4c55, 0x9a3b2c41d0e7f816};

srtp::Suite suiteNamed(const Napi::Value& value) {
  require(value.Env(), value.IsString(), "Expected the name of an SRTP suite.");
  const auto suite = srtp::suiteByName(value.As<Napi::String>().Utf8Value());
  require(value.Env(), suite.has_value(), "Expected the name of an SRTP suite.");
  return *suite;
}

srtp::MasterKey makeKey(Napi::Env env, srtp::Suite suite, const Napi::Value& keyAndSalt) {
  auto made = keyAndSalt.IsUndefined() ? srtp::MasterKey::generate(suite)
                                       : srtp::MasterKey::copyOf(suite, octets(keyAndSalt));
  if (made) return std::move(made).value();
  switch (made.failure()) {
    case srtp::MasterKeyFailure::wrongLength:
      throw Napi::RangeError::New(env, "Expected a key and salt as long as the suite says.");
    case srtp::MasterKeyFailure::randomSourceFailed:
      throwCoded(env, "RANDOM_SOURCE_FAILED", "Expected random bytes from OpenSSL, got none.");
  }
  throwCoded(env, "INTERNAL", "Expected a known reason.");
}

}  // namespace

Napi::Function MasterKeyHandle::define(Napi::Env env) {
  return DefineClass(env, "MasterKey",
                     {
                         InstanceMethod<&MasterKeyHandle::deposit>("deposit"),
                         InstanceMethod<&MasterKeyHandle::destroy>("destroy"),
                         InstanceMethod<&MasterKeyHandle::reveal>("reveal"),
                         InstanceMethod<&MasterKeyHandle::suite>("suite"),
                     });
}

MasterKeyHandle::MasterKeyHandle(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<MasterKeyHandle>(info) {
  const bool claims = info[1].IsBoolean();
  if (claims) {
    require(info.Env(), info[0].IsString(), "Expected the name of a key slot.");
    auto claimed = srtp::KeyVault::ofProcess().claim(info[0].As<Napi::String>().Utf8Value());
    if (!claimed) {
      throwCoded(info.Env(), "KEY_SLOT_EMPTY",
                 "Expected a key that was deposited under this name and not claimed yet.");
    }
    key_.emplace(std::move(*claimed));
  } else {
    key_.emplace(makeKey(info.Env(), suiteNamed(info[0]), info[1]));
  }
  info.This().As<Napi::Object>().TypeTag(&kTypeTag);
}

const srtp::MasterKey& MasterKeyHandle::keyOf(const Napi::Value& value) {
  require(value.Env(), value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&kTypeTag),
          "Expected a MasterKey.");
  return Unwrap(value.As<Napi::Object>())->key(value.Env());
}

const srtp::MasterKey& MasterKeyHandle::key(Napi::Env env) const {
  if (!key_) {
    throwCoded(env, "KEY_DESTROYED", "Expected a master key that is alive, got a destroyed one.");
  }
  return *key_;
}

Napi::Value MasterKeyHandle::deposit(const Napi::CallbackInfo& info) {
  key(info.Env());
  auto name = srtp::KeyVault::ofProcess().deposit(std::move(*key_));
  key_.reset();
  if (name) return Napi::String::New(info.Env(), name.value());
  switch (name.failure()) {
    case srtp::VaultFailure::full:
      throwCoded(info.Env(), "KEY_VAULT_FULL", "Expected fewer keys that nobody claimed.");
    case srtp::VaultFailure::randomSourceFailed:
      throwCoded(info.Env(), "RANDOM_SOURCE_FAILED",
                 "Expected random bytes from OpenSSL, got none.");
  }
  return info.Env().Undefined();
}

Napi::Value MasterKeyHandle::destroy(const Napi::CallbackInfo& info) {
  key_.reset();
  return info.Env().Undefined();
}

Napi::Value MasterKeyHandle::reveal(const Napi::CallbackInfo& info) {
  const std::span<const std::uint8_t> bytes = key(info.Env()).reveal();
  Napi::Uint8Array copy = Napi::Uint8Array::New(info.Env(), bytes.size());
  std::ranges::copy(bytes, copy.Data());
  return copy;
}

Napi::Value MasterKeyHandle::suite(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), std::string(srtp::traitsOf(key(info.Env()).suite()).name));
}

}  // namespace sallyport::binding
