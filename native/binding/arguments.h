#pragma once

#include <napi.h>

#include <cstdint>
#include <span>

namespace sallyport::binding {

/// Second line of defence: our TypeScript has checked already what strangers' JavaScript may not
/// have.
inline void require(Napi::Env env, bool holds, const char* expectation) {
  if (!holds) throw Napi::TypeError::New(env, expectation);
}

/// Octets of a Uint8Array, valid until JavaScript runs again. A detached one is empty.
inline std::span<const std::uint8_t> octets(const Napi::Value& value) {
  require(value.Env(), value.IsTypedArray(), "Expected a Uint8Array.");
  const auto array = value.As<Napi::TypedArray>();
  require(value.Env(), array.TypedArrayType() == napi_uint8_array, "Expected a Uint8Array.");
  const auto bytes = value.As<Napi::Uint8Array>();
  return {bytes.Data(), bytes.ByteLength()};
}

/// An integer from 0 to 2^53 - 1.
inline std::uint64_t unsignedInteger(const Napi::Value& value) {
  constexpr double limit = 9007199254740992.0;
  require(value.Env(), value.IsNumber(), "Expected a number.");
  const double number = value.As<Napi::Number>().DoubleValue();
  require(value.Env(), number >= 0 && number < limit, "Expected a safe unsigned integer.");
  return static_cast<std::uint64_t>(number);
}

/// An unsigned 32-bit integer.
inline std::uint32_t uint32(const Napi::Value& value) {
  const std::uint64_t number = unsignedInteger(value);
  require(value.Env(), number <= 0xffff'ffff, "Expected an unsigned 32-bit integer.");
  return static_cast<std::uint32_t>(number);
}

/// Throws an Error with `code`, as our TypeScript reports it.
[[noreturn]] inline void throwCoded(Napi::Env env, const char* code, const char* message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  throw error;
}

}  // namespace sallyport::binding
