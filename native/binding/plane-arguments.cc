#include "binding/plane-arguments.h"

#include <string>
#include <utility>

#include "binding/address-arguments.h"
#include "binding/arguments.h"

namespace sallyport::binding {

namespace {

std::uint16_t port(const Napi::Value& value) { return static_cast<std::uint16_t>(uint32(value)); }

net::Interface readInterface(const Napi::Object& interface) {
  net::Interface read{
      .host = readAddress(interface.Get("address")),
      .ports = {.first = port(interface.Get("firstPort")), .last = port(interface.Get("lastPort"))},
  };
  const auto aliases = interface.Get("aliases").As<Napi::Array>();
  for (std::uint32_t i = 0; i < aliases.Length(); ++i) {
    read.aliases.push_back(readAddress(aliases.Get(i)));
  }
  return read;
}

std::pair<const char*, const char*> describe(net::BindFailure failure) noexcept {
  switch (failure) {
    case net::BindFailure::portTaken:
      return {"PORTS_EXHAUSTED", "Expected free ports in the range of the interface, got none."};
    case net::BindFailure::addressNotAvailable:
      return {"ADDRESS_NOT_AVAILABLE", "Expected a local address of this machine."};
    case net::BindFailure::tooManyFiles:
      return {"TOO_MANY_SOCKETS", "Expected the system to grant more sockets."};
    case net::BindFailure::notPermitted:
      return {"PORT_NOT_PERMITTED", "Expected leave to bind the ports of the range."};
    case net::BindFailure::internal:
      return {"SOCKET_FAILED", "Expected the system to bind a socket."};
  }
  return {"SOCKET_FAILED", "Expected the system to bind a socket."};
}

}  // namespace

net::MediaPlaneOptions readPlaneOptions(const Napi::Object& options) {
  net::MediaPlaneOptions read;
  const auto interfaces = options.Get("interfaces").As<Napi::Array>();
  for (std::uint32_t i = 0; i < interfaces.Length(); ++i) {
    read.interfaces.push_back(readInterface(interfaces.Get(i).As<Napi::Object>()));
  }
  const auto processors = options.Get("processors").As<Napi::Array>();
  for (std::uint32_t i = 0; i < processors.Length(); ++i) {
    read.processors.push_back(uint32(processors.Get(i)));
  }
  read.workers = uint32(options.Get("workers"));
  read.portCoolDownMs = uint32(options.Get("portCoolDownMs"));
  read.sockets.dscp = static_cast<std::uint8_t>(uint32(options.Get("dscp")));
  return read;
}

std::array<net::LegPlace, 2> readLegPlaces(const Napi::Array& legs, std::size_t interfaces) {
  std::array<net::LegPlace, 2> places;
  for (std::uint32_t leg = 0; leg < places.size(); ++leg) {
    const auto wish = legs.Get(leg).As<Napi::Object>();
    places[leg].interface = uint32(wish.Get("interface"));
    require(legs.Env(), places[leg].interface < interfaces, "Expected the index of an interface.");
    const std::string rtcp = wish.Get("rtcp").As<Napi::String>();
    places[leg].rtcp = rtcp == "mux" ? net::RtcpPorts::mux : net::RtcpPorts::pair;
  }
  return places;
}

void throwOpenFailure(Napi::Env env, net::OpenFailure failure) {
  switch (failure) {
    case net::OpenFailure::pollerRefused:
      throwCoded(env, "POLLER_REFUSED", "Expected the system to grant an epoll for each worker.");
    case net::OpenFailure::processorNotAvailable:
      throwCoded(env, "CPU_NOT_AVAILABLE", "Expected processors that this process may run on.");
  }
  throwCoded(env, "POLLER_REFUSED", "Expected the system to grant what a worker needs.");
}

void throwCreateFailure(Napi::Env env, net::CreateFailure failure) {
  const auto [code, message] = describe(failure.failure);
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  error.Set("leg", Napi::Number::New(env, static_cast<double>(failure.leg)));
  throw error;
}

}  // namespace sallyport::binding
