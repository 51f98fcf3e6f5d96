#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "srtp/srtp-inbound.h"
#include "srtp/srtp-outbound.h"

namespace sallyport::binding {

/// What JavaScript can do with a session of either direction.
template <typename Session>
class SessionHandle {
 protected:
  explicit SessionHandle(const Napi::CallbackInfo& info);

  Session& session(Napi::Env env) const;
  Napi::Value rolloverCounter(const Napi::CallbackInfo& info);
  /// Returns undefined, or the code of the failure.
  Napi::Value setRolloverCounter(const Napi::CallbackInfo& info);
  Napi::Value destroy(const Napi::CallbackInfo& info);

  /// A copy of the packet that JavaScript passed, with `spare` octets behind it; reused for every
  /// packet.
  std::span<std::uint8_t> workingCopy(std::span<const std::uint8_t> packet, std::size_t spare);

 private:
  std::unique_ptr<Session> session_;
  std::vector<std::uint8_t> scratch_;
};

/// `unprotectRtp` and `unprotectRtcp` return a new Uint8Array or the code of the failure.
class InboundHandle : public Napi::ObjectWrap<InboundHandle>,
                      private SessionHandle<srtp::SrtpInbound> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit InboundHandle(const Napi::CallbackInfo& info);

 private:
  template <auto unprotectPacket>
  Napi::Value unprotect(const Napi::CallbackInfo& info);
  Napi::Value getRolloverCounter(const Napi::CallbackInfo& info) { return rolloverCounter(info); }
  Napi::Value changeRolloverCounter(const Napi::CallbackInfo& info) {
    return setRolloverCounter(info);
  }
  Napi::Value close(const Napi::CallbackInfo& info) { return destroy(info); }
};

/// `protectRtp` and `protectRtcp` return a new Uint8Array or the code of the failure.
class OutboundHandle : public Napi::ObjectWrap<OutboundHandle>,
                       private SessionHandle<srtp::SrtpOutbound> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit OutboundHandle(const Napi::CallbackInfo& info);

 private:
  template <auto protectPacket>
  Napi::Value protect(const Napi::CallbackInfo& info);
  Napi::Value getRolloverCounter(const Napi::CallbackInfo& info) { return rolloverCounter(info); }
  Napi::Value changeRolloverCounter(const Napi::CallbackInfo& info) {
    return setRolloverCounter(info);
  }
  Napi::Value close(const Napi::CallbackInfo& info) { return destroy(info); }
};

}  // namespace sallyport::binding
