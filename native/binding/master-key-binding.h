#pragma once

#include <napi.h>

#include <optional>

#include "srtp/master-key.h"

namespace sallyport::binding {

/// JavaScript's handle on a master key: `new MasterKey(suite)` generates, `new MasterKey(suite,
/// keyAndSalt)` copies, `new MasterKey(slot, true)` claims from the vault of the process.
class MasterKeyHandle : public Napi::ObjectWrap<MasterKeyHandle> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit MasterKeyHandle(const Napi::CallbackInfo& info);

  /// The key of a handle that JavaScript passed. Throws when it is something else or was destroyed.
  static const srtp::MasterKey& keyOf(const Napi::Value& value);

 private:
  const srtp::MasterKey& key(Napi::Env env) const;
  Napi::Value deposit(const Napi::CallbackInfo& info);
  Napi::Value destroy(const Napi::CallbackInfo& info);
  Napi::Value reveal(const Napi::CallbackInfo& info);
  Napi::Value suite(const Napi::CallbackInfo& info);

  std::optional<srtp::MasterKey> key_;
};

}  // namespace sallyport::binding
