import {request} from 'node:http';
import {join} from 'node:path';
import {SallyportError} from '../../base/error.js';
import type {GatewayOptions} from '../../gateway/gateway-options.js';
import {AuditLog} from '../../trusted/toolbox/alerts/audit-log.js';
import {StateDatabase} from '../../trusted/toolbox/databases/state-database.js';
import {OriginAdministration} from '../../trusted/toolbox/origin/origin-administration.js';
import {OriginMonitor} from '../../trusted/toolbox/origin/origin-monitor.js';
import {parseToolboxOptions} from '../../trusted/toolbox/policy/toolbox-options.js';
import {claimState} from '../state-claim.js';
import {originCommands} from './origin-commands.js';

/**
 * Asks the gateway that runs on a configuration, or works on its databases where none runs. Rejects with
 * `SallyportError`: what the command refused, or `STATE_IN_USE` where a gateway runs that has no admin socket.
 */
export async function askOrigins(options: GatewayOptions, command: string, body: object): Promise<unknown> {
	const answer = options.adminSocket === undefined ? undefined : await askSocket(options.adminSocket, command, body);
	return answer === undefined ? askDatabases(options, command, body) : answer.value;
}

/** Undefined where nobody listens on the socket. */
async function askSocket(
	socketPath: string,
	command: string,
	body: object,
): Promise<{readonly value: unknown} | undefined> {
	const response = await post(socketPath, command, JSON.stringify(body));
	if (response === undefined) {
		return undefined;
	}

	const value = JSON.parse(response.text) as {readonly error?: string; readonly code?: string};
	if (response.status !== 200) {
		throw new SallyportError(
			value.code ?? 'ADMIN_REFUSED',
			value.error ?? `Expected an answer, got ${response.status}.`,
		);
	}

	return {value};
}

function post(
	socketPath: string,
	command: string,
	body: string,
): Promise<{readonly status: number; readonly text: string} | undefined> {
	return new Promise((resolve, reject) => {
		const asked = request({socketPath, path: `/${command}`, method: 'POST', timeout: 10_000}, (response) => {
			const chunks: Buffer[] = [];
			response.on('data', (chunk: Buffer) => chunks.push(chunk));
			response.on('error', reject);
			response.on('end', () =>
				resolve({status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8')}),
			);
		});
		asked.on('timeout', () => asked.destroy(new SallyportError('REQUEST_TIMEOUT', 'Expected an answer within 10 s.')));
		asked.on('error', (error: NodeJS.ErrnoException) => {
			if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
				resolve(undefined);
			} else {
				reject(error);
			}
		});
		asked.end(body);
	});
}

async function askDatabases(options: GatewayOptions, command: string, body: object): Promise<unknown> {
	const {directory, origins} = parseToolboxOptions(options.toolbox);
	const claim = await claimState(directory);
	try {
		const database = StateDatabase.open(directory);
		const audit = new AuditLog(join(directory, 'audit.log'));
		try {
			const administration = new OriginAdministration(new OriginMonitor(database.origins, origins), audit, Date.now);
			return await originCommands(administration)[command]?.(body);
		} finally {
			audit.close();
			await database.close();
		}
	} finally {
		await claim.release();
	}
}
