// `stock` and `primitive`, each {protect, time}, for bench/benches/crypto.mjs, which checks what it
// gives.
#include <napi.h>

#include <string>

#include "openssl-primitive.h"
#include "rtp-sample.h"
#include "srtp/suite.h"
#include "stock-session.h"
#include "traffic/protection-loop.h"

namespace sallyport::bench {

namespace {

/// More than any suite appends.
constexpr std::size_t kTrailerOctets = 32;

std::span<const std::uint8_t> bytesOf(const Napi::Value& value) {
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

const srtp::SuiteTraits& suiteOf(const Napi::Value& name) {
  const auto suite = srtp::suiteByName(name.As<Napi::String>().Utf8Value());
  if (!suite) throw Napi::Error::New(name.Env(), "Expected the name of an SRTP suite.");
  return srtp::traitsOf(*suite);
}

template <typename Peer>
Peer demand(Napi::Env env, std::optional<Peer> peer) {
  if (!peer) throw Napi::Error::New(env, "Expected a key that the suite can work with.");
  return std::move(*peer);
}

/// `keys`: `{master}`.
StockSession makeStock(const srtp::SuiteTraits& suite, const Napi::Object& keys) {
  return demand(keys.Env(), StockSession::create(suite, bytesOf(keys.Get("master"))));
}

/// `keys`: `{encryptionKey, salt, authenticationKey}`.
OpensslPrimitive makePrimitive(const srtp::SuiteTraits& suite, const Napi::Object& keys) {
  return demand(keys.Env(),
                OpensslPrimitive::create(
                    suite, {bytesOf(keys.Get("encryptionKey")), bytesOf(keys.Get("salt")),
                            bytesOf(keys.Get("authenticationKey"))}));
}

/// `(suite, keys, packet)` → the protected packet.
template <auto make>
Napi::Value protect(const Napi::CallbackInfo& info) {
  auto peer = make(suiteOf(info[0]), info[1].As<Napi::Object>());
  const auto packet = bytesOf(info[2]);
  std::vector<std::uint8_t> room(packet.begin(), packet.end());
  room.resize(packet.size() + kTrailerOctets);
  const auto length = peer.protect(room, packet.size());
  if (!length) throw Napi::Error::New(info.Env(), "Expected the packet to be protected.");
  return Napi::Buffer<std::uint8_t>::Copy(info.Env(), room.data(), *length);
}

/// A peer and the packets that it is timed with.
template <typename Peer>
struct Subject {
  Peer peer;
  RtpSample sample;

  std::size_t write(std::uint32_t round, std::span<std::uint8_t> room) noexcept {
    return sample.write(round, room);
  }
  std::optional<std::size_t> protect(std::span<std::uint8_t> room, std::size_t length) noexcept {
    return peer.protect(room, length);
  }
  std::optional<std::size_t> unprotect(std::span<std::uint8_t> room, std::size_t length) noexcept {
    return peer.unprotect(room, length);
  }
  bool matches(std::uint32_t round, std::span<const std::uint8_t> packet) noexcept {
    return sample.matches(round, packet);
  }
};

/// `(suite, keys, packet, packets)` → `{protectNs, unprotectNs}` for each of so many packets.
template <auto make>
Napi::Value time(const Napi::CallbackInfo& info) {
  const auto packet = bytesOf(info[2]);
  Subject subject{make(suiteOf(info[0]), info[1].As<Napi::Object>()), RtpSample(packet)};
  const auto timing = traffic::timeProtectionOf(subject, packet.size() + kTrailerOctets,
                                                info[3].As<Napi::Number>().Uint32Value());
  if (!timing) throw Napi::Error::New(info.Env(), "Expected packets to come out as they went in.");
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("protectNs", timing->protectNs);
  object.Set("unprotectNs", timing->unprotectNs);
  return object;
}

template <auto make>
Napi::Object define(Napi::Env env) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("protect", Napi::Function::New<protect<make>>(env, "protect"));
  object.Set("time", Napi::Function::New<time<make>>(env, "time"));
  return object;
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports.Set("stock", define<makeStock>(env));
  exports.Set("primitive", define<makePrimitive>(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(crypto_peers, initialize)

}  // namespace sallyport::bench
