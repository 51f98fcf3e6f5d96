#include "binding/srtp-binding.h"

#include <srtp.h>

namespace sallyport::binding {

void registerSrtp(Napi::Env env, Napi::Object exports) {
  exports.Set("libsrtpVersion", Napi::String::New(env, srtp_get_version_string()));
}

}  // namespace sallyport::binding
