import {chownSync, lchownSync, mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import process from 'node:process';
import type {ProcessIdentities, ProcessIdentity} from '../../gateway/gateway-options.js';
import type {Hardening} from '../../trusted/media/processes/native-domains.js';
import {hardenProcess} from '../../trusted/media/processes/process-hardening.js';

/** The identities that are asked for, as far as this process may give any: who is not root has one for all. */
export function grantedIdentities(wanted: ProcessIdentities): ProcessIdentities {
	return process.getuid?.() === 0 ? wanted : {};
}

/** Takes on an identity for good, with the state directory as its own. */
export function dropPrivileges({uid, gid}: ProcessIdentity, stateDirectory: string): Hardening {
	mkdirSync(stateDirectory, {recursive: true, mode: 0o700});
	chownSync(stateDirectory, uid, gid);
	for (const name of readdirSync(stateDirectory, {recursive: true, encoding: 'utf8'})) {
		lchownSync(join(stateDirectory, name), uid, gid);
	}

	process.setgroups?.([]);
	process.setgid?.(gid);
	process.setuid?.(uid);
	// A change of identity makes a process readable again.
	return hardenProcess();
}
