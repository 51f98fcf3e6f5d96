#pragma once

#include <cstdlib>
#include <utility>
#include <variant>

namespace sallyport {

/// Outcome of an operation whose failure is expected: a value, or the reason why there is none.
/// Asking for the half that is not there is a bug of ours and ends the process.
template <typename Value, typename Failure>
class [[nodiscard]] Result {
 public:
  Result(Value value) noexcept : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) noexcept : state_(std::in_place_index<1>, std::move(failure)) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  Value& value() & noexcept { return *demand(std::get_if<0>(&state_)); }
  const Value& value() const& noexcept { return *demand(std::get_if<0>(&state_)); }
  Value&& value() && noexcept { return std::move(*demand(std::get_if<0>(&state_))); }
  const Failure& failure() const noexcept { return *demand(std::get_if<1>(&state_)); }

 private:
  template <typename Half>
  static Half* demand(Half* half) noexcept {
    if (half == nullptr) std::abort();
    return half;
  }

  std::variant<Value, Failure> state_;
};

}  // namespace sallyport
