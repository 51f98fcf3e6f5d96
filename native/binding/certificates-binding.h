// JavaScript face of the certificate store.
#pragma once

#include <napi.h>

namespace sallyport::binding {

/// Puts the class `CertificateStore` on `exports`.
void registerCertificates(Napi::Env env, Napi::Object exports);

}  // namespace sallyport::binding
