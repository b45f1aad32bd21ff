#!/usr/bin/env node
// Starts the program on the Node that the lockfile pins, whatever Node is on the PATH.

import { launch } from '../../shared/launch.mjs'

launch(new URL('../main.ts', import.meta.url))
