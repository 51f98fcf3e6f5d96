#pragma once

#include <napi.h>

#include <cstdint>

#include "binding/arguments.h"
#include "media/transport-address.h"

namespace sallyport::binding {

/// From the text of a numeric address.
inline media::TransportAddress readAddress(const Napi::Value& text, std::uint16_t port = 0) {
  const auto address = media::TransportAddress::parse(text.As<Napi::String>().Utf8Value(), port);
  require(text.Env(), address.has_value(), "Expected a numeric IPv4 or IPv6 address.");
  return *address;
}

/// From `{address, port}`.
inline media::TransportAddress readTransportAddress(const Napi::Value& value) {
  const auto object = value.As<Napi::Object>();
  return readAddress(object.Get("address"), static_cast<std::uint16_t>(uint32(object.Get("port"))));
}

}  // namespace sallyport::binding
