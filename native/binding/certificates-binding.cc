#include "binding/certificates-binding.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "cms/certificate-store.h"
#include "cms/pkcs12-file.h"

namespace sallyport::binding {

namespace {

using cms::Octets;

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
    case cms::CertificateFailure::revocationUnknown:
      return "REVOCATION_UNKNOWN";
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

cms::ValidationRules rulesOf(Napi::Value revocation, Napi::Value clockSkewSeconds) {
  const std::string mode = revocation.IsString() ? revocation.As<Napi::String>() : std::string();
  const double skew =
      clockSkewSeconds.IsNumber() ? clockSkewSeconds.As<Napi::Number>().DoubleValue() : NAN;
  constexpr double kMaxSkewSeconds = 86'400;
  if (!(skew >= 0 && skew <= kMaxSkewSeconds)) {
    throw Napi::RangeError::New(clockSkewSeconds.Env(),
                                "Expected 0 to 86400 seconds for `clockSkewSeconds`.");
  }

  const auto checking = mode == "off"        ? cms::RevocationChecking::off
                        : mode == "required" ? cms::RevocationChecking::required
                                             : cms::RevocationChecking::ifPresent;
  return {checking, static_cast<std::int64_t>(skew)};
}

/// `new CertificateStore(anchors, revocationLists, policies, revocation, clockSkewSeconds)` with
/// arrays of DER and of dotted object identifiers; throws `RangeError` with the index of the first
/// that cannot be read.
class CertificateStore final : public Napi::ObjectWrap<CertificateStore> {
 public:
  explicit CertificateStore(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<CertificateStore>(info), store_(rulesOf(info[3], info[4])) {
    addPolicies(info[2]);
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

  void addPolicies(Napi::Value value) {
    if (!value.IsArray()) {
      throw Napi::TypeError::New(value.Env(), "Expected an array for `policies`.");
    }

    const auto policies = value.As<Napi::Array>();
    for (std::uint32_t i = 0; i < policies.Length(); i++) {
      const Napi::Value policy = policies.Get(i);
      if (!policy.IsString() || !store_.addPolicy(policy.As<Napi::String>())) {
        throw Napi::RangeError::New(value.Env(), "Expected an object identifier for `policies[" +
                                                     std::to_string(i) + "]`.");
      }
    }
  }

  cms::CertificateStore store_;
};

/// `signedRevocationList(issuer, list)`, both DER.
Napi::Value signedRevocationList(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), cms::signedRevocationList(octetsOf(info[0], "issuer"),
                                                                  octetsOf(info[1], "list")));
}

std::string passphraseOf(Napi::Value value) {
  if (!value.IsString()) throw Napi::TypeError::New(value.Env(), "Expected a passphrase.");
  return value.As<Napi::String>();
}

Napi::Value bufferOf(Napi::Env env, Octets octets) {
  return Napi::Buffer<std::uint8_t>::Copy(env, octets.data(), octets.size());
}

/// `openPkcs12(der, passphrase)`: `{privateKey, certificate, others}`, or `{code}`. The caller
/// wipes the key.
Napi::Value openPkcs12(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  std::string passphrase = passphraseOf(info[1]);
  const auto opened = cms::openPkcs12(octetsOf(info[0], "der"), passphrase);
  OPENSSL_cleanse(passphrase.data(), passphrase.size());
  auto answer = Napi::Object::New(env);
  if (!opened.ok()) {
    switch (opened.failure()) {
      case cms::Pkcs12Failure::unreadable:
        answer.Set("code", "BAD_PKCS12");
        break;
      case cms::Pkcs12Failure::wrongPassphrase:
        answer.Set("code", "WRONG_PASSPHRASE");
        break;
      case cms::Pkcs12Failure::incomplete:
        answer.Set("code", "NO_PRIVATE_KEY");
        break;
    }
    return answer;
  }

  auto others = Napi::Array::New(env);
  for (const auto& other : opened.value().others) {
    others.Set(others.Length(), bufferOf(env, other));
  }
  answer.Set("privateKey", bufferOf(env, opened.value().privateKey.reveal()));
  answer.Set("certificate", bufferOf(env, opened.value().certificate));
  answer.Set("others", others);
  return answer;
}

/// `writePkcs12(privateKey, certificates, passphrase, friendlyName)`: DER, or undefined where key
/// and certificate cannot be read or do not belong together.
Napi::Value writePkcs12(const Napi::CallbackInfo& info) {
  std::string passphrase = passphraseOf(info[2]);
  const std::string friendlyName = info[3].IsString() ? info[3].As<Napi::String>() : std::string();
  const auto certificates = octetsListOf(info[1], "certificates");
  const auto written =
      cms::writePkcs12(octetsOf(info[0], "privateKey"), certificates, passphrase, friendlyName);
  OPENSSL_cleanse(passphrase.data(), passphrase.size());
  return written.empty() ? info.Env().Undefined() : bufferOf(info.Env(), written);
}

}  // namespace

void registerCertificates(Napi::Env env, Napi::Object exports) {
  exports.Set("CertificateStore",
              CertificateStore::DefineClass(
                  env, "CertificateStore",
                  {CertificateStore::InstanceMethod<&CertificateStore::validate>("validate")}));
  exports.Set("signedRevocationList",
              Napi::Function::New(env, signedRevocationList, "signedRevocationList"));
  exports.Set("openPkcs12", Napi::Function::New(env, openPkcs12, "openPkcs12"));
  exports.Set("writePkcs12", Napi::Function::New(env, writePkcs12, "writePkcs12"));
}

}  // namespace sallyport::binding
