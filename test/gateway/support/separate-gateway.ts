import {fork} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import type {ExecutionContext} from 'ava';
import type {LayerCounters} from '#dist/core/sip/layer-output.js';
import type {GatewayOptions} from '#dist/gateway/index.js';
import type {EngineCounters} from '#dist/trusted/toolbox/engine/engine.js';

/** What the process of a gateway holds. */
export type Measure = {
	readonly held: Readonly<Record<string, number>>;
	readonly descriptors: number;
	/** Resident. */
	readonly octets: number;
	/** The most that was resident since the start. */
	readonly mostOctets: number;
	readonly counters: LayerCounters;
	/** Messages that were not read because their source had no credit. */
	readonly unread: number;
	/** Public-key work of the toolbox. */
	readonly work: EngineCounters;
};

export type SeparateGateway = {
	readonly ports: {readonly tcp: number; readonly udp: number};
	readonly measure: () => Promise<Measure>;
};

/** A gateway in a process of its own, ended with the test. */
export async function openSeparateGateway(t: ExecutionContext, options: GatewayOptions): Promise<SeparateGateway> {
	const child = fork(fileURLToPath(new URL('gateway-process.js', import.meta.url)), [JSON.stringify(options)], {
		execArgv: ['--expose-gc'],
		stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
	});
	const exited = once(child, 'exit');
	t.teardown(async () => {
		child.kill('SIGKILL');
		await exited;
	});
	const [ports] = (await Promise.race([
		once(child, 'message'),
		exited.then(([code]) => {
			throw new Error(`Expected a gateway that listens, got the end of it (${code}).`);
		}),
	])) as [SeparateGateway['ports']];
	return {
		ports,
		measure: async () => {
			const reply = once(child, 'message');
			child.send('measure');
			const [measure] = (await reply) as [Measure];
			return measure;
		},
	};
}
