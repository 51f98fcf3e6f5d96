#include "binding/certificates-binding.h"

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cms/certificate-store.h"

namespace sallyport::binding {

namespace {

using Octets = std::span<const std::uint8_t>;

/// Views octets that JavaScript keeps alive and unchanged until the call returns.
Octets octetsOf(Napi::Value value, const char* name) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(value.Env(),
                               std::string("Expected a Uint8Array for `") + name + "`.");
  }

  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

std::vector<Octets> octetsListOf(Napi::Value value, const char* name) {
  if (!value.IsArray()) {
    throw Napi::TypeError::New(value.Env(), std::string("Expected an array for `") + name + "`.");
  }

  const auto array = value.As<Napi::Array>();
  std::vector<Octets> list;
  for (std::uint32_t i = 0; i < array.Length(); i++) {
    list.push_back(octetsOf(array.Get(i), name));
  }

  return list;
}

const char* codeOf(cms::CertificateFailure failure) {
  switch (failure) {
    case cms::CertificateFailure::untrusted:
      return "UNTRUSTED";
    case cms::CertificateFailure::expired:
      return "EXPIRED";
    case cms::CertificateFailure::notYetValid:
      return "NOT_YET_VALID";
    case cms::CertificateFailure::revoked:
      return "REVOKED";
    case cms::CertificateFailure::keyUsage:
      return "KEY_USAGE";
    case cms::CertificateFailure::extendedKeyUsage:
      return "EXTENDED_KEY_USAGE";
    case cms::CertificateFailure::weakKey:
      return "WEAK_KEY";
    case cms::CertificateFailure::constraints:
      return "CONSTRAINTS";
    case cms::CertificateFailure::malformed:
      return "MALFORMED";
  }

  return "MALFORMED";
}

Napi::Array stringsOf(Napi::Env env, const std::vector<std::string>& strings) {
  auto array = Napi::Array::New(env, strings.size());
  for (std::uint32_t i = 0; i < strings.size(); i++) {
    array.Set(i, strings[i]);
  }

  return array;
}

/// `new CertificateStore(anchors, revocationLists)` with arrays of DER; throws `RangeError` with
/// the index of the first that cannot be read.
class CertificateStore final : public Napi::ObjectWrap<CertificateStore> {
 public:
  explicit CertificateStore(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<CertificateStore>(info) {
    addAll(octetsListOf(info[0], "anchors"), "anchors", info.Env(),
           &cms::CertificateStore::addAnchor);
    addAll(octetsListOf(info[1], "revocationLists"), "revocationLists", info.Env(),
           &cms::CertificateStore::addRevocationList);
  }

  /// `validate(certificate, intermediates, atSeconds, use)`: what the certificate says, or `{code,
  /// detail, depth}`.
  Napi::Value validate(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    const auto certificate = octetsOf(info[0], "certificate");
    const auto intermediates = octetsListOf(info[1], "intermediates");
    const double atSeconds = info[2].IsNumber() ? info[2].As<Napi::Number>().DoubleValue() : NAN;
    if (!(std::abs(atSeconds) <= kMaxSeconds)) {
      throw Napi::RangeError::New(env, "Expected seconds since 1970 for `atSeconds`.");
    }

    const auto use = info[3].StrictEquals(Napi::String::New(env, "encrypt"))
                         ? cms::CertificateUse::encrypt
                         : cms::CertificateUse::sign;
    const auto outcome =
        store_.validate(certificate, intermediates, static_cast<std::int64_t>(atSeconds), use);
    auto answer = Napi::Object::New(env);
    if (!outcome.ok()) {
      const auto& refusal = outcome.failure();
      answer.Set("code", codeOf(refusal.failure));
      answer.Set("detail", refusal.detail);
      answer.Set("depth", refusal.depth);
      return answer;
    }

    const auto& validated = outcome.value();
    answer.Set("subject", validated.subject);
    answer.Set("uris", stringsOf(env, validated.uris));
    answer.Set("dnsNames", stringsOf(env, validated.dnsNames));
    answer.Set("notAfter", static_cast<double>(validated.notAfter));
    answer.Set("chainNotAfter", static_cast<double>(validated.chainNotAfter));
    return answer;
  }

 private:
  static constexpr double kMaxSeconds = 8.64e12;  // what a Date can hold

  void addAll(const std::vector<Octets>& ders, const char* name, Napi::Env env,
              bool (cms::CertificateStore::*add)(Octets)) {
    for (std::size_t i = 0; i < ders.size(); i++) {
      if (!(store_.*add)(ders[i])) {
        throw Napi::RangeError::New(env, "Expected readable DER for `" + std::string(name) + "[" +
                                             std::to_string(i) + "]`.");
      }
    }
  }

  cms::CertificateStore store_;
};

}  // namespace

void registerCertificates(Napi::Env env, Napi::Object exports) {
  exports.Set("CertificateStore",
              CertificateStore::DefineClass(
                  env, "CertificateStore",
                  {CertificateStore::InstanceMethod<&CertificateStore::validate>("validate")}));
}

}  // namespace sallyport::binding
