#pragma once

#include <napi.h>

namespace sallyport::binding {

/// Adds `hardenProcess`, `secretMemory`, `createSocketPair`, `closeDescriptor` and `PrivateChannel`
/// to `exports`: what the processes of the three domains need of the system.
void registerDomains(Napi::Env env, Napi::Object exports);

}  // namespace sallyport::binding
