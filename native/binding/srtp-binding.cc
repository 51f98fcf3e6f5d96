#include "binding/srtp-binding.h"

#include "binding/arguments.h"
#include "binding/master-key-binding.h"
#include "binding/srtp-session-binding.h"
#include "srtp/srtp-library.h"

namespace sallyport::binding {

void registerSrtp(Napi::Env env, Napi::Object exports) {
  switch (srtp::startLibrary()) {
    case srtp::LibraryState::usable:
      break;
    case srtp::LibraryState::startFailed:
      throwCoded(env, "SRTP_UNUSABLE", "Expected libsrtp to start and to pass its self-tests.");
    case srtp::LibraryState::knownAnswerFailed:
      throwCoded(env, "SRTP_UNUSABLE", "Expected SRTP's known answers, got others.");
  }

  exports.Set("MasterKey", MasterKeyHandle::define(env));
  exports.Set("SrtpInbound", InboundHandle::define(env));
  exports.Set("SrtpOutbound", OutboundHandle::define(env));
}

}  // namespace sallyport::binding
