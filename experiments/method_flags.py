"""Flags of the saliency methods: which ones, and one flag for each of their parameters."""

from absl import flags

from sanity_checks import methods

PAPER_METHODS = ["gradient", "smoothgrad", "input_x_gradient", "guided_backprop", "gradcam", "guided_gradcam",
                 "integrated_gradients", "integrated_gradients_smoothgrad"]

METHODS = flags.DEFINE_list(
    "methods", [], f"Saliency methods; default: the paper's that suit the model. Known: {', '.join(methods.METHODS)}.")

_DEFINE = {int: flags.DEFINE_integer, float: flags.DEFINE_float, str: flags.DEFINE_string, bool: flags.DEFINE_boolean}


def _define(method, parameter):
    name, text = f"{method}_{parameter.name}", f"{method}: {parameter.description}."
    if parameter.choices:
        return flags.DEFINE_enum(name, parameter.default, parameter.choices, text)
    return _DEFINE[parameter.type](name, parameter.default, text)


_PARAMETERS = {method: {parameter.name: _define(method, parameter) for parameter in methods.parameters(method)}
               for method in methods.METHODS}


def make_methods(classifier):
    """The methods that the flags name, with their parameters: dict, name -> `sanity_checks.methods.base.Method`.

    Raises:
        ValueError: unknown method, a parameter out of range, or a method that cannot explain this classifier.
    """
    made = {name: make(name) for name in METHODS.value or PAPER_METHODS}
    if not METHODS.value:
        return {name: method for name, method in made.items() if not method.unsuitable(classifier)}
    for name, method in made.items():
        methods.check_suitable(classifier, name, method)
    return made


def make(name):
    """One registered method with the parameters that the flags give."""
    methods.parameters(name)        # an unknown name is an error here
    return methods.make(name, **{parameter: flag.value for parameter, flag in _PARAMETERS[name].items()})


def parameter_flags():
    """Names of the flags of all methods' parameters: set of str."""
    return {flag.name for of_method in _PARAMETERS.values() for flag in of_method.values()}
