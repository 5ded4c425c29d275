process.stdout.write('not there yet\n');
