#include "binding/traffic-binding.h"

#include <memory>
#include <string>
#include <utility>

#include "binding/address-arguments.h"
#include "binding/arguments.h"
#include "srtp/key-vault.h"
#include "traffic/protection-timing.h"
#include "traffic/traffic-generator.h"

namespace sallyport::binding {

namespace {

/// The session under the key of a slot; none where there is no slot.
template <typename Session>
std::unique_ptr<Session> claimSession(const Napi::Value& slot) {
  if (!slot.IsString()) return nullptr;
  auto key = srtp::KeyVault::ofProcess().claim(slot.As<Napi::String>().Utf8Value());
  if (!key) {
    throwCoded(slot.Env(), "KEY_SLOT_EMPTY", "Expected a key in the slot, got none.");
  }
  srtp::SessionOptions options;
  options.keys.push_back({std::make_shared<const srtp::MasterKey>(std::move(*key)), {}});
  options.maxSources = 1;
  auto session = Session::create(options);
  if (!session) {
    throwCoded(slot.Env(), "SESSION_REFUSED", "Expected a key that SRTP can work with.");
  }
  return std::move(session).value();
}

traffic::Party readParty(const Napi::Object& party) {
  return {readTransportAddress(party.Get("relay")),
          claimSession<srtp::SrtpOutbound>(party.Get("outbound")),
          claimSession<srtp::SrtpInbound>(party.Get("inbound"))};
}

Napi::Object reportToObject(Napi::Env env, const traffic::TrafficReport& report) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* name, std::uint64_t value) {
    object.Set(name, Napi::Number::New(env, static_cast<double>(value)));
  };
  set("sent", report.sent);
  set("refused", report.refused);
  set("delivered", report.delivered);
  set("lost", report.lost);
  set("reordered", report.reordered);
  set("duplicated", report.duplicated);
  set("unauthentic", report.unauthentic);
  set("altered", report.altered);
  set("strange", report.strange);
  set("droppedByReceiver", report.droppedByReceiver);
  set("latencyP50Ns", report.latencyP50);
  set("latencyP99Ns", report.latencyP99);
  set("latencyMaxNs", report.latencyMax);
  set("lateP99Ns", report.lateP99);
  set("sendingNs", report.sending);
  set("drainingNs", report.draining);
  set("cpuNs", report.cpuTime);
  set("elapsedNs", report.elapsed);
  return object;
}

struct Unused {};
using Outcome = std::optional<traffic::TrafficReport>;

/// Runs on the JavaScript thread; without an environment when that is being torn down.
void deliver(Napi::Env env, Napi::Function callback, Unused*, Outcome* outcome) {
  const std::unique_ptr<Outcome> owned(outcome);
  if (env == nullptr || callback.IsEmpty()) return;
  callback.Call({*owned ? Napi::Value(reportToObject(env, **owned)) : env.Undefined()});
}

using Deliverer = Napi::TypedThreadSafeFunction<Unused, Outcome, deliver>;

class TrafficGenerator final : public Napi::ObjectWrap<TrafficGenerator> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "TrafficGenerator",
                       {
                           InstanceMethod<&TrafficGenerator::ports>("ports"),
                           InstanceMethod<&TrafficGenerator::prepare>("prepare"),
                           InstanceMethod<&TrafficGenerator::run>("run"),
                           InstanceMethod<&TrafficGenerator::close>("close"),
                       });
  }

  /// `new TrafficGenerator(localAddress, pairs)` binds the sockets.
  explicit TrafficGenerator(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    auto sockets = traffic::TrafficSockets::bind(readAddress(info[0], 0), uint32(info[1]));
    if (!sockets) throwCoded(info.Env(), "SOCKET_FAILED", "Expected the system to bind sockets.");
    generator_ = std::make_unique<traffic::TrafficGenerator>(std::move(*sockets));
  }

  ~TrafficGenerator() override { napi_remove_env_cleanup_hook(Env(), stopAtTeardown, this); }

 private:
  /// Ports of the sockets: caller, callee, caller, callee and so on.
  Napi::Value ports(const Napi::CallbackInfo& info) {
    const traffic::TrafficSockets& sockets = opened(info.Env()).sockets();
    Napi::Array ports = Napi::Array::New(info.Env(), sockets.size());
    for (std::uint32_t i = 0; i < sockets.size(); ++i) {
      ports.Set(i, Napi::Number::New(info.Env(), sockets.port(i)));
    }
    return ports;
  }

  /// `(calls, packetsPerSecond, packetsPerStream, payloadOctets, payloadType,
  /// maxInFlightPackets)`; each call an array of two parties `{relay, outbound?, inbound?}`, the
  /// latter two slots of keys.
  void prepare(const Napi::CallbackInfo& info) {
    traffic::TrafficGenerator& generator = opened(info.Env());
    traffic::TrafficPlan plan;
    const auto calls = info[0].As<Napi::Array>();
    for (std::uint32_t i = 0; i < calls.Length(); ++i) {
      const Napi::HandleScope scope(info.Env());
      const auto parties = calls.Get(i).As<Napi::Array>();
      plan.calls.push_back({readParty(parties.Get(0U).As<Napi::Object>()),
                            readParty(parties.Get(1U).As<Napi::Object>())});
    }
    plan.packetsPerSecond = uint32(info[1]);
    plan.packetsPerStream = uint32(info[2]);
    plan.payloadOctets = uint32(info[3]);
    plan.payloadType = static_cast<std::uint8_t>(uint32(info[4]));
    plan.maxInFlightPackets = uint32(info[5]);
    require(info.Env(),
            plan.packetsPerSecond > 0 && plan.packetsPerStream <= traffic::kMaxPacketsPerStream &&
                plan.payloadOctets <= traffic::kMaxPayloadOctets && plan.payloadType <= 127,
            "Expected a plan within its limits.");
    if (!generator.prepare(std::move(plan))) {
      throwCoded(info.Env(), "TRAFFIC_NOT_READY", "Expected no run to be on.");
    }
  }

  /// `(done)`: `done` gets the report, or undefined when the run could not begin.
  void run(const Napi::CallbackInfo& info) {
    traffic::TrafficGenerator& generator = opened(info.Env());
    auto deliverer =
        Deliverer::New(info.Env(), info[0].As<Napi::Function>(), "sallyport-traffic", 0, 1);
    const bool isOn = generator.start([deliverer](Outcome outcome) mutable {
      auto owned = std::make_unique<Outcome>(std::move(outcome));
      if (deliverer.NonBlockingCall(owned.get()) == napi_ok) owned.release();
      deliverer.Release();
    });
    if (!isOn) {
      deliverer.Release();
      throwCoded(info.Env(), "TRAFFIC_NOT_READY", "Expected traffic that was prepared.");
    }
    // Registered after the deliverer's own hook and so run before it.
    napi_remove_env_cleanup_hook(info.Env(), stopAtTeardown, this);
    napi_add_env_cleanup_hook(info.Env(), stopAtTeardown, this);
  }

  void close(const Napi::CallbackInfo&) { generator_.reset(); }

  static void stopAtTeardown(void* self) {
    static_cast<TrafficGenerator*>(self)->generator_.reset();
  }

  traffic::TrafficGenerator& opened(Napi::Env env) const {
    if (!generator_) throwCoded(env, "TRAFFIC_CLOSED", "Expected an open traffic generator.");
    return *generator_;
  }

  std::unique_ptr<traffic::TrafficGenerator> generator_;
};

/// `(suite, payloadOctets, packets)` → nanoseconds per packet, or undefined when SRTP refused.
Napi::Value timeProtection(const Napi::CallbackInfo& info) {
  const auto suite = srtp::suiteByName(info[0].As<Napi::String>().Utf8Value());
  require(info.Env(), suite.has_value(), "Expected the name of an SRTP suite.");
  const auto timing = traffic::timeProtection(*suite, uint32(info[1]), uint32(info[2]));
  if (!timing) return info.Env().Undefined();
  Napi::Object object = Napi::Object::New(info.Env());
  object.Set("protectNs", Napi::Number::New(info.Env(), timing->protectNs));
  object.Set("unprotectNs", Napi::Number::New(info.Env(), timing->unprotectNs));
  return object;
}

}  // namespace

void registerTraffic(Napi::Env env, Napi::Object exports) {
  exports.Set("TrafficGenerator", TrafficGenerator::define(env));
  exports.Set("timeProtection", Napi::Function::New<timeProtection>(env, "timeProtection"));
}

}  // namespace sallyport::binding
