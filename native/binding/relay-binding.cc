#include "binding/relay-binding.h"

#include <array>
#include <memory>
#include <utility>

#include "binding/arguments.h"
#include "binding/plane-arguments.h"
#include "binding/relay-arguments.h"
#include "binding/relay-messages.h"
#include "net/media-plane.h"
#include "net/system-limits.h"

namespace sallyport::binding {

namespace {

struct Unused {};

/// Runs on the JavaScript thread; without an environment when that is being torn down.
void deliver(Napi::Env env, Napi::Function callback, Unused*, net::Message* message) {
  const std::unique_ptr<net::Message> owned(message);
  if (env == nullptr || callback.IsEmpty()) return;
  callback.Call({messageToObject(env, *owned)});
}

using Deliverer = Napi::TypedThreadSafeFunction<Unused, net::Message, deliver>;

class MediaPlane final : public Napi::ObjectWrap<MediaPlane> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "MediaPlane",
                       {
                           InstanceMethod<&MediaPlane::createRelay>("createRelay"),
                           InstanceMethod<&MediaPlane::forgetRelay>("forgetRelay"),
                           InstanceMethod<&MediaPlane::configureLeg>("configureLeg"),
                           InstanceMethod<&MediaPlane::destroyRelay>("destroyRelay"),
                           InstanceMethod<&MediaPlane::readStatistics>("readStatistics"),
                           InstanceMethod<&MediaPlane::load>("load"),
                           InstanceMethod<&MediaPlane::readLimits>("readLimits"),
                           InstanceMethod<&MediaPlane::close>("close"),
                       });
  }

  /// `new MediaPlane(options, deliver)`: `deliver` gets every reply and event.
  explicit MediaPlane(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    options_ = readPlaneOptions(info[0].As<Napi::Object>());
    deliverer_ =
        Deliverer::New(info.Env(), info[1].As<Napi::Function>(), "sallyport-media", 0, 1, nullptr);
    auto plane = net::MediaPlane::open(options_, [deliverer = deliverer_](net::Message message) {
      auto owned = std::make_unique<net::Message>(std::move(message));
      if (deliverer.NonBlockingCall(owned.get()) == napi_ok) owned.release();
    });
    if (!plane) {
      deliverer_.Release();
      throwOpenFailure(info.Env(), plane.failure());
    }
    plane_ = std::move(plane).value();
    // Registered after the deliverer's own hook and so run before it.
    napi_add_env_cleanup_hook(info.Env(), stopAtTeardown, this);
    // While the threads run nobody may collect what they deliver to.
    Ref();
  }

 private:
  /// `(request, relay, legs)` → ports of each leg.
  Napi::Value createRelay(const Napi::CallbackInfo& info) {
    demandOpen(info.Env());
    const auto ports =
        plane_->createRelay(uint32(info[0]), relayOf(info),
                            readLegPlaces(info[2].As<Napi::Array>(), options_.interfaces.size()));
    if (!ports) throwCreateFailure(info.Env(), ports.failure());
    Napi::Array bound = Napi::Array::New(info.Env(), ports.value().size());
    for (std::uint32_t leg = 0; leg < ports.value().size(); ++leg) {
      bound.Set(leg, portsToObject(info.Env(), ports.value()[leg]));
    }
    return bound;
  }

  /// `(relay)`: of one whose creation was refused by its worker.
  void forgetRelay(const Napi::CallbackInfo& info) {
    if (plane_) plane_->forget(uint32(info[0]));
  }

  /// `(request, relay, leg, settings)`.
  void configureLeg(const Napi::CallbackInfo& info) {
    demandOpen(info.Env());
    const std::size_t leg = uint32(info[2]) == 0 ? 0 : 1;
    post(info,
         net::ConfigureLeg{relayOf(info), leg, readLegConfiguration(info[3].As<Napi::Object>())});
  }

  /// `(request, relay)`.
  void destroyRelay(const Napi::CallbackInfo& info) {
    demandOpen(info.Env());
    plane_->destroyRelay(uint32(info[0]), relayOf(info));
  }

  /// `(request, relay)`.
  void readStatistics(const Napi::CallbackInfo& info) {
    demandOpen(info.Env());
    post(info, net::ReadStatistics{relayOf(info)});
  }

  /// → `{relays: by worker, unavailablePorts: by interface}`.
  Napi::Value load(const Napi::CallbackInfo& info) {
    demandOpen(info.Env());
    return loadToObject(info.Env(), *plane_, options_.interfaces.size());
  }

  /// → `{descriptorLimit, receiveBufferOctets, sendBufferOctets}`; the buffers are those that a
  /// socket gets, 0 where none could be bound.
  Napi::Value readLimits(const Napi::CallbackInfo& info) {
    return limitsToObject(info.Env(), net::readSystemLimits(options_));
  }

  void close(const Napi::CallbackInfo& info) {
    if (!plane_) return;
    stop();
    napi_remove_env_cleanup_hook(info.Env(), stopAtTeardown, this);
    Unref();
  }

  static void stopAtTeardown(void* self) { static_cast<MediaPlane*>(self)->stop(); }

  void stop() noexcept {
    plane_.reset();
    deliverer_.Release();
  }

  void demandOpen(Napi::Env env) const {
    if (!plane_) throwCoded(env, "MEDIA_PLANE_CLOSED", "Expected an open media plane.");
  }

  static net::RelayId relayOf(const Napi::CallbackInfo& info) { return uint32(info[1]); }

  template <typename Body>
  void post(const Napi::CallbackInfo& info, Body body) {
    plane_->post(uint32(info[0]), std::move(body));
  }

  net::MediaPlaneOptions options_;
  Deliverer deliverer_;
  std::unique_ptr<net::MediaPlane> plane_;
};

}  // namespace

void registerRelay(Napi::Env env, Napi::Object exports) {
  exports.Set("MediaPlane", MediaPlane::define(env));
}

}  // namespace sallyport::binding
