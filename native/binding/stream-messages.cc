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

/// Of rates and densities: RFC 3611 §4.7 has them in 256ths.
void setShare(Napi::Object& object, const char* name, std::uint8_t in256ths) {
  setNumber(object, name, in256ths / 256.0);
}

/// Absent where the peer calls the metric unavailable (RFC 3611 §4.7).
void setKnown(Napi::Object& object, const char* name, int value, double unit = 1) {
  constexpr int kUnavailable = 127;
  if (value != kUnavailable) setNumber(object, name, value / unit);
}

Napi::Object toObject(Napi::Env env, const media::VoipMetrics& metrics) {
  constexpr double kTenths = 10;
  Napi::Object object = Napi::Object::New(env);
  setShare(object, "lossRate", metrics.lossRate);
  setShare(object, "discardRate", metrics.discardRate);
  setShare(object, "burstDensity", metrics.burstDensity);
  setShare(object, "gapDensity", metrics.gapDensity);
  setNumber(object, "burstDurationMs", metrics.burstDurationMs);
  setNumber(object, "gapDurationMs", metrics.gapDurationMs);
  setNumber(object, "roundTripDelayMs", metrics.roundTripDelayMs);
  setNumber(object, "endSystemDelayMs", metrics.endSystemDelayMs);
  setKnown(object, "signalLevelDbm", metrics.signalLevelDbm);
  setKnown(object, "noiseLevelDbm", metrics.noiseLevelDbm);
  setKnown(object, "residualEchoReturnLossDb", metrics.residualEchoReturnLossDb);
  setNumber(object, "gapThreshold", metrics.gapThreshold);
  setKnown(object, "ratingFactor", metrics.ratingFactor);
  setKnown(object, "externalRatingFactor", metrics.externalRatingFactor);
  setKnown(object, "listeningMos", metrics.listeningQualityTenths, kTenths);
  setKnown(object, "conversationalMos", metrics.conversationalQualityTenths, kTenths);
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
