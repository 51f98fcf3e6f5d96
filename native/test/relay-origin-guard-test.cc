// Which sources may send to a leg (DESIGN §3.7).
#include "media/origin-guard.h"
#include "test/story.h"

namespace sallyport::media {

namespace {

using test::expect;
using test::Story;

TransportAddress at(const char* address, std::uint16_t port) {
  return TransportAddress::parse(address, port).value();
}

const TransportAddress alice = at("192.0.2.1", 4000);
const TransportAddress natted = at("198.51.100.7", 62000);
const TransportAddress charles = at("203.0.113.66", 666);

const Story readsAddresses("addresses are numeric, and mapped IPv4 is IPv4", [] {
  expect(!TransportAddress::parse("localhost", 1));
  expect(!TransportAddress::parse("fe80::1%lo", 1));
  expect(at("::ffff:192.0.2.1", 4000) == alice);
  expect(at("2001:DB8::1", 1).addressText() == "2001:db8::1");
  sockaddr_storage storage{};
  alice.toSocketAddress(storage);
  expect(TransportAddress::fromSocketAddress(storage) == alice);
  at("2001:db8::1", 9).toSocketAddress(storage);
  expect(TransportAddress::fromSocketAddress(storage) == at("2001:db8::1", 9));
  storage.ss_family = AF_UNIX;
  expect(!TransportAddress::fromSocketAddress(storage));
});

const Story admitsNobody("a guard without a rule admits nobody",
                         [] { expect(!OriginGuard().admits(alice)); });

const Story pins("a declared source is the only one, whatever else proves itself", [] {
  OriginGuard guard = OriginGuard::declared(alice);
  expect(guard.admits(alice) && !guard.admits(charles) && !guard.admits(alice.withPort(4001)));
  guard.onVouched(charles);
  expect(!guard.admits(charles) && guard.destination() == alice);
});

const Story learnsAtOnce("one proof settles a full tag, and only then the address changes", [] {
  OriginGuard guard = OriginGuard::learned(alice, 1);
  expect(guard.admits(charles) && guard.destination() == alice);
  guard.onRefuted(charles);
  expect(guard.destination() == alice);
  guard.onVouched(natted);
  expect(guard.isSettled() && guard.destination() == natted);
  expect(guard.admits(natted) && !guard.admits(alice) && !guard.admits(charles));
});

const Story learnsInARow("a short tag takes three proofs in a row from one address", [] {
  OriginGuard guard = OriginGuard::learned(alice, 3);
  guard.onVouched(natted);
  guard.onVouched(natted);
  guard.onVouched(charles);
  guard.onVouched(natted);
  guard.onVouched(natted);
  expect(!guard.isSettled());
  guard.onRefuted(natted);
  guard.onVouched(natted);
  guard.onVouched(natted);
  guard.onRefuted(charles);
  expect(!guard.isSettled() && guard.destination() == alice);
  guard.onVouched(natted);
  expect(guard.isSettled() && guard.destination() == natted);
});

const Story fixesThePort("behind a signalling address the first packet fixes the port", [] {
  OriginGuard guard = OriginGuard::signallingAddress(alice, natted);
  expect(!guard.admits(alice) && guard.admits(natted) && guard.admits(natted.withPort(9)));
  expect(guard.destination() == alice);
  guard.onVouched(natted);
  expect(guard.destination() == natted && !guard.admits(natted.withPort(9)));
});

const Story comparesRules("two guards of one rule are the same, whatever one has learned", [] {
  OriginGuard guard = OriginGuard::learned(alice, 3);
  guard.onVouched(natted);
  expect(guard.hasSameRule(OriginGuard::learned(alice, 3)));
  expect(!guard.hasSameRule(OriginGuard::learned(alice, 1)));
  expect(!guard.hasSameRule(OriginGuard::learned(natted, 3)));
  expect(!guard.hasSameRule(OriginGuard::declared(alice)));
});

}  // namespace

}  // namespace sallyport::media
