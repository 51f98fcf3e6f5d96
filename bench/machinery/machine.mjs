import {readFileSync} from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import {rtpengineVersion} from '../peers/rtpengine.mjs';
import {isInNetworkNamespace} from './network-namespace.mjs';

/** What a figure depends on. */
export function describeMachine({runs, seconds}) {
	return {
		node: process.versions.node,
		openssl: process.versions.openssl,
		libsrtp: libsrtpVersion(),
		rtpengine: rtpengineVersion() ?? 'absent',
		cpu: os.cpus()[0]?.model ?? 'unknown',
		cores: os.availableParallelism(),
		kernel: os.release(),
		network: isInNetworkNamespace ? 'loopback of a namespace of its own' : 'ordinary loopback',
		/** Others at work here, as the load average of the last minute before the bench says. */
		loadBefore: os.loadavg()[0],
		runs,
		seconds,
	};
}

function libsrtpVersion() {
	const gyp = readFileSync(new URL('../../native/libsrtp/libsrtp.gyp', import.meta.url), 'utf8');
	return /libsrtp (\d+(?:\.\d+)+)/.exec(gyp)?.[1] ?? 'unknown';
}
