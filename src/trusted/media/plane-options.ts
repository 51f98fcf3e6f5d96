import {isIPv6} from 'node:net';
import {availableParallelism, networkInterfaces} from 'node:os';
import {expectAddress, expectArray, expectChoice, expectInteger, expectName, expectObject} from './argument-checks.js';

/** A local address for media. Entries may share a name, one for each address family. */
export type MediaInterfaceOptions = {
	/** What legs call it by: 1 to 32 of letters, digits, `.`, `_` and `-`. */
	readonly name: string;
	/** Numeric; of this machine. */
	readonly address: string;
	/** How others reach it, where that differs: what SDP has to name. @default address */
	readonly advertisedAddress?: string;
	/** UDP ports that legs may use, both ends included. @default [30000, 39999] */
	readonly ports?: readonly [first: number, last: number];
};

export type MediaPlaneOptions = {
	/** Where legs may be, 1 to 64. The first one is for legs that name none. */
	readonly interfaces: readonly MediaInterfaceOptions[];
	/** Threads that carry relays, 1 to 64. @default processors that this process may use less one, for JavaScript; at least 1 */
	readonly workers?: number;
	/** How threads wait for packets; `auto` takes the best that the kernel grants. @default 'auto' */
	readonly poller?: 'auto' | 'epoll';
	/** Processors that the workers stay on, one after another and again from the first. @default none: the kernel places them */
	readonly cpus?: readonly number[];
	/** How long a port rests before another call may have it, 0 to 600000. @default 10_000 */
	readonly portCoolDownMs?: number;
	/** Code point of what is sent (RFC 2474), 0 to 63. @default 46 Expedited forwarding */
	readonly dscp?: number;
	/** Relays at one time, 1 to 100000. @default 10000 */
	readonly maxRelays?: number;
};

export type AddressFamily = 'IPv4' | 'IPv6';

export type MediaInterface = {
	readonly name: string;
	readonly family: AddressFamily;
	readonly address: string;
	readonly advertisedAddress: string;
	readonly ports: readonly [first: number, last: number];
};

export type CheckedPlaneOptions = {
	readonly interfaces: readonly MediaInterface[];
	readonly workers: number;
	readonly poller: 'auto' | 'epoll';
	readonly cpus: readonly number[];
	readonly portCoolDownMs: number;
	readonly dscp: number;
	readonly maxRelays: number;
};

/** Other addresses under which peers reach the ports of an interface: of this machine, where its address stands for all. */
export function aliasesOf({address, advertisedAddress, family}: MediaInterface): readonly string[] {
	const isUnspecified = !/[1-9a-f]/i.test(address);
	const own = isUnspecified ? Object.values(networkInterfaces()).flatMap((each) => each ?? []) : [];
	const addresses = own.filter((each) => each.family === family).map((each) => each.address);
	return [advertisedAddress, ...addresses].filter((each) => each !== address);
}

/** Throws `TypeError` or `RangeError` and names the field. */
export function checkPlaneOptions(options: MediaPlaneOptions): CheckedPlaneOptions {
	const {interfaces, workers, poller, cpus, portCoolDownMs, dscp, maxRelays} = expectObject('options', options, [
		'interfaces',
		'workers',
		'poller',
		'cpus',
		'portCoolDownMs',
		'dscp',
		'maxRelays',
	]);
	return {
		interfaces: checkInterfaces(interfaces),
		workers:
			workers === undefined
				? Math.min(64, Math.max(1, availableParallelism() - 1))
				: expectInteger('workers', workers, 1, 64),
		poller: poller === undefined ? 'auto' : expectChoice('poller', poller, ['auto', 'epoll']),
		cpus:
			cpus === undefined
				? []
				: expectArray('cpus', cpus, 1, 64).map((cpu, index) => expectInteger(`cpus[${index}]`, cpu, 0, 4095)),
		portCoolDownMs: portCoolDownMs === undefined ? 10_000 : expectInteger('portCoolDownMs', portCoolDownMs, 0, 600_000),
		dscp: dscp === undefined ? 46 : expectInteger('dscp', dscp, 0, 63),
		maxRelays: maxRelays === undefined ? 10_000 : expectInteger('maxRelays', maxRelays, 1, 100_000),
	};
}

function checkInterfaces(interfaces: unknown): readonly MediaInterface[] {
	const checked = expectArray('interfaces', interfaces, 1, 64).map((entry, index) =>
		checkInterface(`interfaces[${index}]`, entry),
	);
	const names = new Set(checked.map(({name, family}) => `${name} ${family}`));
	if (names.size < checked.length) {
		throw new TypeError('Expected interfaces of one name to differ in their address family.');
	}

	return checked;
}

function checkInterface(where: string, entry: unknown): MediaInterface {
	const {name, address, advertisedAddress, ports} = expectObject(where, entry, [
		'name',
		'address',
		'advertisedAddress',
		'ports',
	]);
	const local = expectAddress(`${where}.address`, address);
	const [first, last] = ports === undefined ? [30_000, 39_999] : expectArray(`${where}.ports`, ports, 2, 2);
	const firstPort = expectInteger(`${where}.ports[0]`, first, 1, 65_535);
	const advertised =
		advertisedAddress === undefined ? local : expectAddress(`${where}.advertisedAddress`, advertisedAddress);
	if (isIPv6(advertised) !== isIPv6(local)) {
		throw new TypeError(`Expected \`${where}.advertisedAddress\` to be of the family of \`address\`.`);
	}

	if (advertised === '0.0.0.0' || advertised === '::') {
		throw new TypeError(`Expected \`${where}.advertisedAddress\` with an address that stands for all.`);
	}

	return {
		name: expectName(`${where}.name`, name),
		family: isIPv6(local) ? 'IPv6' : 'IPv4',
		address: local,
		advertisedAddress: advertised,
		ports: [firstPort, expectInteger(`${where}.ports[1]`, last, firstPort, 65_535)],
	};
}
