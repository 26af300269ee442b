"""What a step leaves behind in its process: settings, handlers, patches, environment."""

from __future__ import annotations

from tests.probes.probe import Probe

PD = ("imports", "import numpy as np\nimport pandas as pd\nimport os\nimport sys\nimport warnings\n"
      "import matplotlib\nimport matplotlib.pyplot as plt")  # fmt: skip


def row(id: str, change: str, show: str, **more: object) -> Probe:
    return Probe(
        id, change, [PD, ("step:a", "x = 1"), ("step:b", change), ("step:c", show)], **more
    )  # type: ignore[arg-type]


PROBES = [
    row("pandas-option", "pd.set_option('display.precision', 2)", "print(pd.DataFrame({'v': [1.23456]}))"),
    row("pandas-options-attribute", "pd.options.display.max_rows = 4", "print(pd.DataFrame({'v': range(20)}))"),
    row("numpy-print", "np.set_printoptions(precision=2)", "print(np.array([1.23456]))"),
    row("numpy-errors", "np.seterr(divide='ignore')", "print(np.array([1.]) / 0, np.geterr()['divide'])"),
    row("rc-params", "plt.rcParams['figure.figsize'] = (2, 3)", "print(plt.rcParams['figure.figsize'])"),
    row("rc-update", "plt.rcParams.update({'lines.linewidth': 4})", "print(plt.rcParams['lines.linewidth'])"),
    row("rc-params-of-a-helper", "import helper_of_style\nhelper_of_style.N", "print(plt.rcParams['lines.linewidth'])",
        files={"helper_of_style.py": "import matplotlib.pyplot as plt; plt.rcParams['lines.linewidth'] = 5\nN = 1\n"}),
    row("style", "plt.style.use('ggplot')", "print(plt.rcParams['axes.facecolor'])"),
    row("warnings-filter", "warnings.filterwarnings('ignore')", "warnings.warn('quiet')\nprint('done')"),
    row("environment", "os.environ['MODE'] = 'test'", "print(os.environ['MODE'], os.getenv('MODE'))"),
    row("environment-update", "os.environ.update(A_B='1')", "print(os.environ.get('A_B'))"),
    row("environment-deleted", "os.environ['Q_R'] = '1'\ndel os.environ['Q_R']", "print(os.environ.get('Q_R'))"),
    row("recursion-limit", "sys.setrecursionlimit(4321)", "print(sys.getrecursionlimit())"),
    row("sys-path", "sys.path.append('lib')", "import helper_in_lib\nprint(helper_in_lib.V)",
        files={"lib/helper_in_lib.py": "V = 5\n"}),
    row("sys-path-insert", "sys.path.insert(0, os.path.join('.', 'lib'))", "from helper_two import V\nprint(V)",
        files={"lib/helper_two.py": "V = 6\n"}),
    row("locale", "import locale\nlocale.setlocale(locale.LC_ALL, 'C')", "print(locale.setlocale(locale.LC_ALL))"),
    row("decimal-context", "import decimal\ndecimal.getcontext().prec = 5", "from decimal import Decimal\nprint(Decimal(1) / 3)"),
    row("chdir", "os.makedirs('sub', exist_ok=True)\nos.chdir('sub')", "print(os.path.basename(os.getcwd()))"),
    row("chdir-known", "os.chdir('sub')", "print(open('in.txt').read())", files={"sub/in.txt": "inside"}),
    row("chdir-path-mkdir", "from pathlib import Path\nPath('sub/deep').mkdir(parents=True, exist_ok=True)\nos.chdir('sub/deep')",
        "print(os.path.basename(os.getcwd()))"),
    row("chdir-made-once", "os.mkdir('once')\nos.chdir('once')", "print(os.path.basename(os.getcwd()))"),
    row("chdir-made-if-absent", "if not os.path.exists('sub'):\n    os.mkdir('sub')\nos.chdir('sub')",
        "print(os.path.basename(os.getcwd()))"),
    row("chdir-made-by-shell", "!mkdir -p sub\n%cd -q sub", "print(os.path.basename(os.getcwd()))"),
    row("chdir-copied-folder", "import shutil\nshutil.copytree('sub', 'copy')\nos.chdir('copy')", "print(open('in.txt').read())",
        files={"sub/in.txt": "inside"}),
    row("chdir-and-back", "os.makedirs('sub', exist_ok=True)\nos.chdir('sub')\nopen('a.txt', 'w').write('a')\nos.chdir('..')",
        "print(open('sub/a.txt').read())"),
    row("chdir-written-inside", "os.makedirs('sub', exist_ok=True)\nos.chdir('sub')\nopen('b.txt', 'w').write('b')",
        "print(open('b.txt').read())"),
    row("chdir-written-outside", "open('c.txt', 'w').write('c')\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')",
        "print(open('../c.txt').read())"),
    row("chdir-base-remembered", "base = os.getcwd()\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')\n"
        "pd.DataFrame({'v': [1]}).to_csv(os.path.join(base, 'd.csv'))", "print(pd.read_csv('../d.csv'))"),
    row("chdir-resolved-before", "from pathlib import Path\nplace = Path('e.txt').resolve()\nos.makedirs('sub', exist_ok=True)\n"
        "os.chdir('sub')\nplace.write_text('e')", "print(place.read_text())"),
    row("chdir-module-inside", "os.makedirs('sub', exist_ok=True)\nos.chdir('sub')\nopen('found_inside.py', 'w').write('V = 3')",
        "import found_inside\nprint(found_inside.V)"),
    row("chdir-twice", "os.makedirs('sub/deep', exist_ok=True)\nos.chdir('sub')\nos.chdir('deep')\nopen('f.txt', 'w').write('f')",
        "print(os.path.basename(os.getcwd()), open('f.txt').read())"),
    row("chdir-in-two-steps", "os.makedirs('sub/deep', exist_ok=True)\nos.chdir('sub')",
        "os.chdir('deep')\nprint(os.path.basename(os.getcwd()))"),
    row("chdir-to-computed", "d = 'sub' + str(x)\nos.makedirs(d, exist_ok=True)\nos.chdir(d)", "print(os.path.basename(os.getcwd()))",
        refused=(("state-cannot-move", 3, 3),)),
    row("chdir-one-line", "os.makedirs('sub', exist_ok=True); os.chdir('sub')", "print(os.path.basename(os.getcwd()))",
        refused=(("state-cannot-move", 3, 1),)),
    row("magic-cd", "%cd -q sub", "print(open('in.txt').read())", files={"sub/in.txt": "inside"}),
    row("logging-level", "import logging\nlogging.basicConfig(level=logging.INFO)", "print(logging.getLogger().level)"),
    row("logger-handler", "import logging\nlogging.getLogger('k1').addHandler(logging.NullHandler())",
        "import logging\nprint(len(logging.getLogger('k1').handlers))"),
    row("logger-by-name", "import logging\nlog = logging.getLogger('k2')\nlog.setLevel(logging.DEBUG)\nlog.propagate = False",
        "print(log.level, log.propagate, logging.getLogger('k2') is log)"),
    row("logger-set-by-function", "import logging\ndef quiet(name):\n    logging.getLogger(name).setLevel(50)\nquiet('k3')",
        "import logging\nprint(logging.getLogger('k3').level)"),
    row("logger-handlers-cleared", "import logging\nlog = logging.getLogger('k4')\nlog.addHandler(logging.NullHandler())\nlog.handlers.clear()",
        "print(log.handlers)"),
    row("logger-handler-of-a-value", "import logging\nh = logging.NullHandler()\nlogging.getLogger('k5').addHandler(h)", "print(x)",
        told=("state-cannot-move",)),
    row("sklearn-config", "import sklearn\nsklearn.set_config(transform_output='pandas')", "print(sklearn.get_config()['transform_output'])"),
    row("switch-interval", "sys.setswitchinterval(0.01)", "print(round(sys.getswitchinterval(), 3))"),
    row("stdout-replaced", "import io\nold = sys.stdout\nsys.stdout = io.StringIO()\nprint('lost')\ncaught = sys.stdout.getvalue()\nsys.stdout = old",
        "print(repr(caught))", refused=(("state-cannot-move", 3, 6),)),
    row("environment-from-value", "os.environ['N'] = str(x)", "print(os.environ.get('N'))",
        refused=(("state-cannot-move", 3, 1),)),
    row("monkeypatch-library", "np.my_extra = 5", "print(np.my_extra)"),
    row("monkeypatch-library-function", "def loud(self):\n    return 'loud'\npd.DataFrame.loud = loud", "print(pd.DataFrame().loud())"),
    row("monkeypatch-module-by-value", "np.my_extra = x + 1", "print(np.my_extra)", refused=(("state-cannot-move", 3, 1),)),
    row("atexit", "import atexit\natexit.register(print, 'bye')", "print('last')"),
    row("signal", "import signal\nsignal.signal(signal.SIGUSR1, lambda *a: print('got'))", "import signal\nprint(signal.getsignal(signal.SIGUSR1) is not None)"),
    row("excepthook", "sys.excepthook = lambda *a: None", "print(sys.excepthook.__name__)"),
    row("with-options", "with pd.option_context('display.precision', 1):\n    s = str(pd.Series([1.234]))", "print(s, pd.Series([1.234]))"),
    row("tqdm-pandas", "pd.Series([1]).map(str)", "print(1)"),
    row("pyplot-figures", "fig, ax = plt.subplots()\nplt.close('all')", "print(plt.get_fignums())"),
    row("thread", "import threading\nt = threading.Thread(target=print, args=(1,))", "t.start()\nt.join()",
        refused=(("cannot-cross", 4, 1),)),
    row("contextvar", "import contextvars\nv = contextvars.ContextVar('v', default=0)\nv.set(5)", "print(v.get())",
        refused=(("cannot-cross", 4, 1),)),
    row("module-attribute-of-own-helper", "import helper_state\nhelper_state.n = 4", "print(helper_state.n)",
        files={"helper_state.py": "n = 0\n"}),
    row("warnings-once", "warnings.simplefilter('error')", "try:\n    warnings.warn('x')\n    print('no')\nexcept UserWarning:\n    print('raised')"),
    row("figure-size-by-name", "%matplotlib inline\nplt.rc('font', size=7)", "print(plt.rcParams['font.size'])"),
]  # fmt: skip
