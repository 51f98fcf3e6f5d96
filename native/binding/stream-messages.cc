#include "binding/stream-messages.h"

namespace sallyport::binding {

namespace {

template <typename Value>
void setNumber(Napi::Object& object, const char* name, Value value) {
  object.Set(name, Napi::Number::New(object.Env(), static_cast<double>(value)));
}

Napi::Object toObject(Napi::Env env, const media::FarReport& report) {
  Napi::Object object = Napi::Object::New(env);
  setNumber(object, "fractionLost", report.fractionLost);
  setNumber(object, "cumulativeLost", report.cumulativeLost);
  setNumber(object, "jitter", report.jitter);
  if (report.roundTripUs) setNumber(object, "roundTripUs", *report.roundTripUs);
  return object;
}

Napi::Object toObject(Napi::Env env, const media::VoipMetrics& metrics) {
  Napi::Object object = Napi::Object::New(env);
  setNumber(object, "lossRate", metrics.lossRate);
  setNumber(object, "discardRate", metrics.discardRate);
  setNumber(object, "burstDensity", metrics.burstDensity);
  setNumber(object, "gapDensity", metrics.gapDensity);
  setNumber(object, "burstDurationMs", metrics.burstDurationMs);
  setNumber(object, "gapDurationMs", metrics.gapDurationMs);
  setNumber(object, "roundTripDelayMs", metrics.roundTripDelayMs);
  setNumber(object, "endSystemDelayMs", metrics.endSystemDelayMs);
  setNumber(object, "signalLevelDbm", metrics.signalLevelDbm);
  setNumber(object, "noiseLevelDbm", metrics.noiseLevelDbm);
  setNumber(object, "residualEchoReturnLossDb", metrics.residualEchoReturnLossDb);
  setNumber(object, "gapThreshold", metrics.gapThreshold);
  setNumber(object, "ratingFactor", metrics.ratingFactor);
  setNumber(object, "externalRatingFactor", metrics.externalRatingFactor);
  setNumber(object, "listeningQualityTenths", metrics.listeningQualityTenths);
  setNumber(object, "conversationalQualityTenths", metrics.conversationalQualityTenths);
  setNumber(object, "jitterBufferNominalMs", metrics.jitterBufferNominalMs);
  setNumber(object, "jitterBufferMaximumMs", metrics.jitterBufferMaximumMs);
  setNumber(object, "jitterBufferAbsoluteMaximumMs", metrics.jitterBufferAbsoluteMaximumMs);
  return object;
}

}  // namespace

Napi::Object streamToObject(Napi::Env env, const media::Stream& stream) {
  const media::Reception& reception = stream.reception;
  Napi::Object object = Napi::Object::New(env);
  setNumber(object, "ssrc", stream.ssrc);
  setNumber(object, "sentSsrc", stream.sentSsrc);
  setNumber(object, "packets", reception.packets());
  setNumber(object, "octets", reception.octets());
  setNumber(object, "expected", stream.numbering.expectedPackets());
  setNumber(object, "duplicates", reception.duplicates());
  setNumber(object, "reordered", reception.reordered());
  setNumber(object, "restarts", stream.numbering.restarts());
  setNumber(object, "payloadType", reception.payloadType());
  setNumber(object, "clockHz", reception.clockHz());
  setNumber(object, "jitter", reception.jitter());
  if (stream.farReport) object.Set("far", toObject(env, *stream.farReport));
  if (stream.farMetrics) object.Set("farMetrics", toObject(env, *stream.farMetrics));
  return object;
}

}  // namespace sallyport::binding
