#include <napi.h>

#include "binding/certificates-binding.h"
#include "binding/domains-binding.h"
#include "binding/relay-binding.h"
#include "binding/srtp-binding.h"
#include "binding/traffic-binding.h"

namespace {

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  sallyport::binding::registerCertificates(env, exports);
  sallyport::binding::registerDomains(env, exports);
  sallyport::binding::registerRelay(env, exports);
  sallyport::binding::registerSrtp(env, exports);
  sallyport::binding::registerTraffic(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(sallyport, initialize)
