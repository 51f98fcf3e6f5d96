#include "binding/relay-binding.h"

#include <array>
#include <memory>
#include <utility>

#include "binding/arguments.h"
#include "binding/relay-arguments.h"
#include "binding/relay-messages.h"
#include "net/epoll-poller.h"
#include "net/media-worker.h"

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

class MediaWorker final : public Napi::ObjectWrap<MediaWorker> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "MediaWorker",
                       {
                           InstanceMethod<&MediaWorker::createRelay>("createRelay"),
                           InstanceMethod<&MediaWorker::configureLeg>("configureLeg"),
                           InstanceMethod<&MediaWorker::destroyRelay>("destroyRelay"),
                           InstanceMethod<&MediaWorker::readStatistics>("readStatistics"),
                           InstanceMethod<&MediaWorker::close>("close"),
                       });
  }

  /// `new MediaWorker(deliver)`: `deliver` gets every reply and event.
  explicit MediaWorker(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    auto poller = net::EpollPoller::open();
    if (!poller) {
      throwCoded(info.Env(), "POLLER_REFUSED", "Expected the system to grant an epoll.");
    }
    deliverer_ =
        Deliverer::New(info.Env(), info[0].As<Napi::Function>(), "sallyport-media", 0, 1, nullptr);
    worker_ = std::make_unique<net::MediaWorker>(
        std::move(poller), [deliverer = deliverer_](net::Message message) {
          auto owned = std::make_unique<net::Message>(std::move(message));
          if (deliverer.NonBlockingCall(owned.get()) == napi_ok) owned.release();
        });
    // Registered after the deliverer's own hook and so run before it.
    napi_add_env_cleanup_hook(info.Env(), stopAtTeardown, this);
    // While the thread runs nobody may collect what it delivers to.
    Ref();
  }

 private:
  /// `(request, relay, legs)` → ports of each leg.
  Napi::Value createRelay(const Napi::CallbackInfo& info) {
    demandOpen(info.Env());
    const auto legs = info[2].As<Napi::Array>();
    std::array<net::PortPair, 2> ports{bindPorts(legs.Get(0U).As<Napi::Object>()),
                                       bindPorts(legs.Get(1U).As<Napi::Object>())};
    Napi::Array bound = Napi::Array::New(info.Env(), ports.size());
    for (std::uint32_t leg = 0; leg < ports.size(); ++leg) {
      bound.Set(leg, portsToObject(info.Env(), ports[leg]));
    }
    post(info, net::CreateRelay{relayOf(info), std::move(ports)});
    return bound;
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
    post(info, net::DestroyRelay{relayOf(info)});
  }

  /// `(request, relay)`.
  void readStatistics(const Napi::CallbackInfo& info) {
    demandOpen(info.Env());
    post(info, net::ReadStatistics{relayOf(info)});
  }

  void close(const Napi::CallbackInfo& info) {
    if (!worker_) return;
    stop();
    napi_remove_env_cleanup_hook(info.Env(), stopAtTeardown, this);
    Unref();
  }

  static void stopAtTeardown(void* self) { static_cast<MediaWorker*>(self)->stop(); }

  void stop() noexcept {
    worker_.reset();
    deliverer_.Release();
  }

  void demandOpen(Napi::Env env) const {
    if (!worker_) throwCoded(env, "MEDIA_PLANE_CLOSED", "Expected an open media plane.");
  }

  static net::RelayId relayOf(const Napi::CallbackInfo& info) { return uint32(info[1]); }

  template <typename Body>
  void post(const Napi::CallbackInfo& info, Body body) {
    worker_->post({uint32(info[0]), std::move(body)});
  }

  Deliverer deliverer_;
  std::unique_ptr<net::MediaWorker> worker_;
};

}  // namespace

void registerRelay(Napi::Env env, Napi::Object exports) {
  exports.Set("MediaWorker", MediaWorker::define(env));
}

}  // namespace sallyport::binding
