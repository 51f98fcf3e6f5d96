import {readdirSync} from 'node:fs';
import type {NativeLimits} from './native-media-plane.js';
import type {CheckedPlaneOptions, MediaInterface} from './plane-options.js';

/** What a plane chose at its start and why, and what the system grants it. */
export type MediaPlaneReport = {
	readonly poller: {readonly kind: 'epoll'; readonly reason: string};
	/** In order; `cpu` where the worker is pinned. */
	readonly workers: readonly {readonly cpu?: number}[];
	/** What each socket got, the kernel's overhead included; 0 where none could be bound to ask. */
	readonly socketBuffers: {readonly receiveOctets: number; readonly sendOctets: number};
	readonly descriptors: {
		/** Most that the process may have open (RLIMIT_NOFILE). */
		readonly limit: number;
		readonly open: number;
		/** Relays that the rest is enough for, with RTCP on ports of its own and multiplexed on both legs. */
		readonly relays: number;
		readonly relaysWithMux: number;
	};
	readonly interfaces: readonly MediaInterface[];
	readonly portCoolDownMs: number;
	readonly dscp: number;
};

const pollerReasons = {
	epoll: 'asked for',
	auto: 'the one poller of this build',
};

/** Asked when the workers run: their own descriptors are among the open ones. */
export function makePlaneReport(options: CheckedPlaneOptions, limits: NativeLimits): MediaPlaneReport {
	const {poller, workers, cpus, interfaces, portCoolDownMs, dscp} = options;
	const open = openDescriptors();
	const left = Math.max(0, limits.descriptorLimit - open);
	return {
		poller: {kind: 'epoll', reason: pollerReasons[poller]},
		workers: Array.from({length: workers}, (_, index) => {
			const cpu = cpus[index % cpus.length];
			return cpu === undefined ? {} : {cpu};
		}),
		socketBuffers: {receiveOctets: limits.receiveBufferOctets, sendOctets: limits.sendBufferOctets},
		descriptors: {
			limit: limits.descriptorLimit,
			open,
			relays: Math.floor(left / 4),
			relaysWithMux: Math.floor(left / 2),
		},
		interfaces,
		portCoolDownMs,
		dscp,
	};
}

function openDescriptors(): number {
	try {
		return readdirSync('/proc/self/fd').length;
	} catch {
		// Without /proc nobody counts: what is left is then the whole limit.
		return 0;
	}
}
